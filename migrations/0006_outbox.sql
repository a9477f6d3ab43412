-- The outbox: an effect's row is written in the transaction of its act, and the row is the queue.
CREATE TABLE countersign.outbox (
  workspace_id    uuid NOT NULL,
  outbox_id       uuid NOT NULL,
  kind            text NOT NULL,
  effect_key      bytea NOT NULL CONSTRAINT outbox_key_length CHECK (octet_length(effect_key) = 32),
  payload         jsonb NOT NULL CONSTRAINT outbox_payload_small CHECK (octet_length(payload::text) <= 2048),
  state           text NOT NULL DEFAULT 'due' CONSTRAINT outbox_state_known CHECK (state IN ('due', 'done', 'dead')),
  due_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts        integer NOT NULL DEFAULT 0,
  max_attempts    integer NOT NULL DEFAULT 6,
  last_error_code text,
  locked_until    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at         timestamptz,
  CONSTRAINT outbox_pk PRIMARY KEY (workspace_id, outbox_id),
  CONSTRAINT outbox_effect_once UNIQUE (workspace_id, effect_key)
);
ALTER TABLE countersign.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.outbox TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.outbox TO countersign_app;

-- The courier sees which effects are due in all workspaces, and nothing of what they carry.
CREATE INDEX outbox_due ON countersign.outbox (due_at) WHERE state = 'due';
CREATE POLICY courier_reads ON countersign.outbox FOR SELECT TO countersign_worker USING (true);
CREATE POLICY courier_locks ON countersign.outbox FOR UPDATE TO countersign_worker USING (state = 'due') WITH CHECK (state IN ('due', 'dead'));
GRANT SELECT (workspace_id, outbox_id, kind, state, due_at, attempts, max_attempts, locked_until) ON countersign.outbox TO countersign_worker;
GRANT UPDATE (locked_until, attempts, due_at, state, last_error_code) ON countersign.outbox TO countersign_worker;
