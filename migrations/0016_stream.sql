-- Streams of the audit trail to somebody's own log store. A stream is a cursor on the log of its workspace: leaves have no
-- gaps, so neither has it. Where it goes, and what it proves itself with there, is sealed.
CREATE TABLE countersign.stream (
  workspace_id     uuid NOT NULL CONSTRAINT stream_workspace_fk REFERENCES countersign.workspace (workspace_id),
  stream_id        uuid NOT NULL,
  name             bytea NOT NULL,
  settings         bytea NOT NULL,
  settings_version bigint NOT NULL DEFAULT 1,
  format           text NOT NULL CONSTRAINT stream_format_known CHECK (format IN ('native', 'ocsf', 'rfc5424')),
  receiver         text NOT NULL CONSTRAINT stream_receiver_known CHECK (receiver IN ('webhook', 'object_store', 'syslog')),
  state            text NOT NULL DEFAULT 'active' CONSTRAINT stream_state_known CHECK (state IN ('active', 'paused', 'error', 'invalid')),
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The log's epoch, the leaf that is sent next, the one behind the last that arrived, and the leaves of the checkpoint
  -- that arrived with it.
  epoch            integer NOT NULL,
  next_idx         bigint NOT NULL CONSTRAINT stream_next_range CHECK (next_idx >= 0),
  sent_idx         bigint NOT NULL CONSTRAINT stream_sent_range CHECK (sent_idx BETWEEN 0 AND next_idx),
  sent_size        bigint NOT NULL DEFAULT 0,
  -- A batch that was cut is sent again as it was until it arrives: its last leaf, its checkpoint and that one's leaves.
  cut_last         bigint,
  cut_size         bigint,
  cut_note         text,
  attempts         integer NOT NULL DEFAULT 0,
  due_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  locked_until     timestamptz,
  lock_id          uuid,
  last_sent_at     timestamptz,
  last_failed_at   timestamptz,
  failure          text CONSTRAINT stream_failure_is_a_code CHECK (failure ~ '^[a-z0-9_]{1,40}$'),
  CONSTRAINT stream_pk PRIMARY KEY (workspace_id, stream_id),
  CONSTRAINT stream_cut_whole CHECK ((cut_last IS NULL) = (cut_size IS NULL) AND (cut_last IS NULL) = (cut_note IS NULL)),
  CONSTRAINT stream_cut_range CHECK (cut_last IS NULL OR (cut_last >= next_idx AND cut_size > cut_last))
);
CREATE INDEX stream_due ON countersign.stream (workspace_id, due_at) WHERE state = 'active';

-- Batches that a receiver would not take: which leaves and why, nothing of what they hold.
CREATE TABLE countersign.stream_dead (
  workspace_id uuid NOT NULL,
  stream_id    uuid NOT NULL,
  dead_id      uuid NOT NULL,
  epoch        integer NOT NULL,
  first_idx    bigint NOT NULL,
  last_idx     bigint NOT NULL CONSTRAINT stream_dead_range CHECK (last_idx >= first_idx),
  failure      text NOT NULL CONSTRAINT stream_dead_failure_is_a_code CHECK (failure ~ '^[a-z0-9_]{1,40}$'),
  attempts     integer NOT NULL,
  state        text NOT NULL DEFAULT 'waiting' CONSTRAINT stream_dead_state_known CHECK (state IN ('waiting', 'sent', 'skipped')),
  died_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at   timestamptz,
  CONSTRAINT stream_dead_pk PRIMARY KEY (workspace_id, dead_id),
  CONSTRAINT stream_dead_stream_fk FOREIGN KEY (workspace_id, stream_id) REFERENCES countersign.stream (workspace_id, stream_id)
);
CREATE INDEX stream_dead_of ON countersign.stream_dead (workspace_id, stream_id, died_at DESC);

ALTER TABLE countersign.stream ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.stream TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.stream TO countersign_app;
ALTER TABLE countersign.stream_dead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.stream_dead TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.stream_dead TO countersign_app;

-- The streamer sees which streams have something to send, in all workspaces, and moves their cursors. That leaves no record:
-- a record a batch would be a leaf, which wants a batch. It sees no settings, and no grant lets it start or stop a stream.
CREATE POLICY streamer_reads ON countersign.stream FOR SELECT TO countersign_worker USING (true);
CREATE POLICY streamer_moves ON countersign.stream FOR UPDATE TO countersign_worker USING (true) WITH CHECK (true);
GRANT SELECT (workspace_id, stream_id, state, epoch, next_idx, cut_last, cut_size, attempts, due_at, locked_until, lock_id)
  ON countersign.stream TO countersign_worker;
GRANT UPDATE (next_idx, sent_idx, sent_size, cut_last, cut_size, cut_note, attempts, due_at, locked_until, lock_id, last_sent_at,
  last_failed_at, failure) ON countersign.stream TO countersign_worker;
CREATE POLICY streamer_reads ON countersign.stream_dead FOR SELECT TO countersign_worker USING (true);
CREATE POLICY streamer_settles ON countersign.stream_dead FOR UPDATE TO countersign_worker
  USING (state = 'waiting') WITH CHECK (state = 'sent');
GRANT SELECT (workspace_id, stream_id, epoch, first_idx, state) ON countersign.stream_dead TO countersign_worker;
GRANT UPDATE (state, settled_at) ON countersign.stream_dead TO countersign_worker;
CREATE POLICY streamer_reads ON audit.head FOR SELECT TO countersign_worker USING (true);
GRANT SELECT (workspace_id, epoch, signed_size) ON audit.head TO countersign_worker;
