-- The newest verdict of each check, derived from its records; rows of the workspace named platform.
CREATE TABLE countersign.claim_state (
  workspace_id uuid NOT NULL CONSTRAINT claim_state_workspace_fk REFERENCES countersign.workspace (workspace_id),
  check_code   text NOT NULL,
  outcome      text NOT NULL CONSTRAINT claim_state_outcome_known CHECK (outcome IN ('pass', 'fail', 'not_proven')),
  observation  bytea NOT NULL,
  changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_run_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_pass_at timestamptz,
  recorded_at  timestamptz,
  strip        text NOT NULL DEFAULT '' CONSTRAINT claim_state_strip_short CHECK (octet_length(strip) <= 90),
  CONSTRAINT claim_state_pk PRIMARY KEY (workspace_id, check_code)
);
ALTER TABLE countersign.claim_state ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.claim_state TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.claim_state TO countersign_app;
