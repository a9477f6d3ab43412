-- Workspaces, and the one table that is read before a workspace is known.
CREATE TABLE countersign.workspace (
  workspace_id uuid NOT NULL,
  state        text NOT NULL DEFAULT 'active' CONSTRAINT workspace_state_known CHECK (state IN ('active', 'ended')),
  plan         text NOT NULL DEFAULT 'standard' CONSTRAINT workspace_plan_known CHECK (plan IN ('standard', 'enterprise')),
  name         bytea NOT NULL,
  access_epoch bigint NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT workspace_pk PRIMARY KEY (workspace_id)
);
ALTER TABLE countersign.workspace ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.workspace TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.workspace TO countersign_app;

-- Slug to workspace. Clear by design: a slug stands in every address. Never readable by the application's role.
CREATE TABLE platform.route (
  slug         text NOT NULL CONSTRAINT route_slug_shape CHECK (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
  workspace_id uuid NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT route_pk PRIMARY KEY (slug),
  CONSTRAINT route_workspace_once UNIQUE (workspace_id)
);
ALTER TABLE platform.route ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY look_up ON platform.route FOR SELECT TO countersign_auth USING (true);
CREATE POLICY operate ON platform.route TO countersign_operator USING (true) WITH CHECK (true);
GRANT SELECT ON platform.route TO countersign_auth;
GRANT SELECT, INSERT ON platform.route TO countersign_operator;
