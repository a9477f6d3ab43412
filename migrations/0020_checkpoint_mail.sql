-- Who has the newest checkpoint of the workspace's log mailed to them, every day: what is kept outside shows what was changed inside.
CREATE TABLE countersign.checkpoint_mail (
  workspace_id uuid NOT NULL,
  person_id    uuid NOT NULL,
  due_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT checkpoint_mail_pk PRIMARY KEY (workspace_id, person_id),
  CONSTRAINT checkpoint_mail_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX checkpoint_mail_due ON countersign.checkpoint_mail (due_at, workspace_id);
ALTER TABLE countersign.checkpoint_mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.checkpoint_mail TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT (workspace_id, person_id), UPDATE (due_at), DELETE ON countersign.checkpoint_mail TO countersign_app;
-- In which workspaces one is due, and nothing of whom.
CREATE POLICY streamer_reads ON countersign.checkpoint_mail FOR SELECT TO countersign_worker USING (true);
GRANT SELECT (workspace_id, due_at) ON countersign.checkpoint_mail TO countersign_worker;
