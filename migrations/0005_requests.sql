-- Requests and what happens to them. In clear: ids, states, stage keys, times, counters, hashes.
CREATE TABLE countersign.request (
  workspace_id  uuid NOT NULL,
  request_id    uuid NOT NULL,
  process_id    uuid NOT NULL,
  version       integer NOT NULL,
  requester_id  uuid NOT NULL,
  state         text NOT NULL CONSTRAINT request_state_known
                CHECK (state IN ('draft', 'open', 'returned', 'stuck', 'approved', 'rejected', 'withdrawn', 'cancelled')),
  stage         text,
  revision_no   integer NOT NULL,
  revision_hash bytea NOT NULL CONSTRAINT request_hash_length CHECK (octet_length(revision_hash) = 32),
  event_no      integer NOT NULL,
  title         bytea NOT NULL,
  engine        bytea NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  submitted_at  timestamptz,
  stage_since   timestamptz,
  ended_at      timestamptz,
  CONSTRAINT request_pk PRIMARY KEY (workspace_id, request_id),
  CONSTRAINT request_version_fk FOREIGN KEY (workspace_id, process_id, version)
    REFERENCES countersign.process_version (workspace_id, process_id, version),
  CONSTRAINT request_requester_fk FOREIGN KEY (workspace_id, requester_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX request_by_requester ON countersign.request (workspace_id, requester_id, request_id DESC);
CREATE INDEX request_by_process ON countersign.request (workspace_id, process_id, request_id DESC);
ALTER TABLE countersign.request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.request TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.request TO countersign_app;

CREATE TABLE countersign.revision (
  workspace_id uuid NOT NULL,
  request_id   uuid NOT NULL,
  number       integer NOT NULL,
  hash         bytea NOT NULL CONSTRAINT revision_hash_length CHECK (octet_length(hash) = 32),
  content      bytea NOT NULL,
  created_by   uuid NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT revision_pk PRIMARY KEY (workspace_id, request_id, number),
  CONSTRAINT revision_request_fk FOREIGN KEY (workspace_id, request_id) REFERENCES countersign.request (workspace_id, request_id)
);
ALTER TABLE countersign.revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.revision TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT ON countersign.revision TO countersign_app;

CREATE TABLE countersign.request_event (
  workspace_id uuid NOT NULL,
  request_id   uuid NOT NULL,
  number       integer NOT NULL,
  kind         text NOT NULL,
  actor_id     uuid,
  body         bytea NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT request_event_pk PRIMARY KEY (workspace_id, request_id, number),
  CONSTRAINT request_event_request_fk FOREIGN KEY (workspace_id, request_id) REFERENCES countersign.request (workspace_id, request_id)
);
ALTER TABLE countersign.request_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.request_event TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT ON countersign.request_event TO countersign_app;

CREATE TABLE countersign.task (
  workspace_id  uuid NOT NULL,
  task_id       uuid NOT NULL,
  request_id    uuid NOT NULL,
  process_id    uuid NOT NULL,
  stage         text NOT NULL,
  person_id     uuid NOT NULL,
  state         text NOT NULL CONSTRAINT task_state_known CHECK (state IN ('open', 'done', 'superseded', 'void')),
  revision_hash bytea NOT NULL,
  opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at     timestamptz,
  CONSTRAINT task_pk PRIMARY KEY (workspace_id, task_id),
  CONSTRAINT task_request_fk FOREIGN KEY (workspace_id, request_id) REFERENCES countersign.request (workspace_id, request_id),
  CONSTRAINT task_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX task_waiting ON countersign.task (workspace_id, person_id, task_id) WHERE state = 'open';
CREATE INDEX task_by_request ON countersign.task (workspace_id, request_id, person_id);
ALTER TABLE countersign.task ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.task TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.task TO countersign_app;

CREATE TABLE countersign.decision (
  workspace_id  uuid NOT NULL,
  decision_id   uuid NOT NULL,
  task_id       uuid NOT NULL,
  request_id    uuid NOT NULL,
  person_id     uuid NOT NULL,
  stage         text NOT NULL,
  verdict       text NOT NULL CONSTRAINT decision_verdict_known CHECK (verdict IN ('approve', 'reject', 'ask_changes')),
  revision_hash bytea NOT NULL CONSTRAINT decision_revision_hash_length CHECK (octet_length(revision_hash) = 32),
  version_hash  bytea NOT NULL CONSTRAINT decision_version_hash_length CHECK (octet_length(version_hash) = 32),
  reason        bytea,
  channel       text NOT NULL CONSTRAINT decision_channel_known CHECK (channel IN ('page', 'api')),
  given_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at    timestamptz,
  voided_at     timestamptz,
  CONSTRAINT decision_pk PRIMARY KEY (workspace_id, decision_id),
  CONSTRAINT decision_task_once UNIQUE (workspace_id, task_id),
  CONSTRAINT decision_task_fk FOREIGN KEY (workspace_id, task_id) REFERENCES countersign.task (workspace_id, task_id)
);
CREATE INDEX decision_by_request ON countersign.decision (workspace_id, request_id);
ALTER TABLE countersign.decision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.decision TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT ON countersign.decision TO countersign_app;
GRANT UPDATE (settled_at, voided_at) ON countersign.decision TO countersign_app;

CREATE TABLE countersign.comment (
  workspace_id uuid NOT NULL,
  comment_id   uuid NOT NULL,
  request_id   uuid NOT NULL,
  author_id    uuid NOT NULL,
  body         bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT comment_pk PRIMARY KEY (workspace_id, comment_id),
  CONSTRAINT comment_request_fk FOREIGN KEY (workspace_id, request_id) REFERENCES countersign.request (workspace_id, request_id)
);
CREATE INDEX comment_by_request ON countersign.comment (workspace_id, request_id, comment_id);
ALTER TABLE countersign.comment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.comment TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT ON countersign.comment TO countersign_app;
