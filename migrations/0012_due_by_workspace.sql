-- The courier goes from workspace to workspace and takes the oldest of each, so that no workspace waits behind another's
-- backlog; the index leads that way.
DROP INDEX countersign.outbox_due;
CREATE INDEX outbox_due ON countersign.outbox (workspace_id, due_at) WHERE state = 'due';
