-- People, groups and grants. Names and addresses are sealed; an address is found by its blind index.
CREATE TABLE countersign.person (
  workspace_id     uuid NOT NULL CONSTRAINT person_workspace_fk REFERENCES countersign.workspace (workspace_id),
  person_id        uuid NOT NULL,
  kind             text NOT NULL DEFAULT 'human' CONSTRAINT person_kind_known CHECK (kind IN ('human', 'probe')),
  state            text NOT NULL CONSTRAINT person_state_known CHECK (state IN ('invited', 'active', 'suspended', 'ended')),
  email_bidx       bytea NOT NULL,
  profile          bytea NOT NULL,
  manager_id       uuid,
  audit_key_no     integer NOT NULL,
  credential_epoch bigint NOT NULL DEFAULT 1,
  email_verified_at timestamptz,
  last_sign_in_at  timestamptz,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT person_pk PRIMARY KEY (workspace_id, person_id),
  CONSTRAINT person_manager_fk FOREIGN KEY (workspace_id, manager_id) REFERENCES countersign.person (workspace_id, person_id),
  CONSTRAINT person_not_own_manager CHECK (manager_id <> person_id)
);
CREATE UNIQUE INDEX person_email_once ON countersign.person (workspace_id, email_bidx) WHERE state <> 'ended';
CREATE INDEX person_manager ON countersign.person (workspace_id, manager_id);
ALTER TABLE countersign.person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.person TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.person TO countersign_app;

CREATE TABLE countersign.grp (
  workspace_id uuid NOT NULL CONSTRAINT grp_workspace_fk REFERENCES countersign.workspace (workspace_id),
  group_id     uuid NOT NULL,
  name         bytea NOT NULL,
  name_bidx    bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT grp_pk PRIMARY KEY (workspace_id, group_id),
  CONSTRAINT grp_name_once UNIQUE (workspace_id, name_bidx)
);
ALTER TABLE countersign.grp ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.grp TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.grp TO countersign_app;

CREATE TABLE countersign.group_member (
  workspace_id uuid NOT NULL,
  group_id     uuid NOT NULL,
  person_id    uuid NOT NULL,
  CONSTRAINT group_member_pk PRIMARY KEY (workspace_id, group_id, person_id),
  CONSTRAINT group_member_group_fk FOREIGN KEY (workspace_id, group_id) REFERENCES countersign.grp (workspace_id, group_id) ON DELETE CASCADE,
  CONSTRAINT group_member_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX group_member_by_person ON countersign.group_member (workspace_id, person_id);
ALTER TABLE countersign.group_member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.group_member TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, DELETE ON countersign.group_member TO countersign_app;

-- A grant gives a principal the atoms of a role at a level. Grants only add; there is no deny.
CREATE TABLE countersign.access_grant (
  workspace_id   uuid NOT NULL CONSTRAINT access_grant_workspace_fk REFERENCES countersign.workspace (workspace_id),
  grant_id       uuid NOT NULL,
  principal_kind text NOT NULL CONSTRAINT access_grant_principal_known CHECK (principal_kind IN ('person', 'group', 'everyone')),
  principal_id   uuid,
  role           text NOT NULL CONSTRAINT access_grant_role_known
                 CHECK (role IN ('owner', 'admin', 'member', 'viewer', 'submitter', 'approver', 'reporter', 'process_admin', 'watcher')),
  level          text NOT NULL CONSTRAINT access_grant_level_known CHECK (level IN ('workspace', 'process')),
  target_id      uuid,
  expires_at     timestamptz,
  granted_by     uuid,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT access_grant_pk PRIMARY KEY (workspace_id, grant_id),
  CONSTRAINT access_grant_once UNIQUE NULLS NOT DISTINCT (workspace_id, principal_kind, principal_id, role, level, target_id),
  CONSTRAINT access_grant_target CHECK ((level = 'workspace') = (target_id IS NULL)),
  CONSTRAINT access_grant_principal CHECK ((principal_kind = 'everyone') = (principal_id IS NULL))
);
CREATE INDEX access_grant_by_principal ON countersign.access_grant (workspace_id, principal_id);
ALTER TABLE countersign.access_grant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.access_grant TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, DELETE ON countersign.access_grant TO countersign_app;
