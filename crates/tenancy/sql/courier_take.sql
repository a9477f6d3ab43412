-- The numbers are written out, for a plan that is made once has to know that they are small.
WITH oldest AS (
  SELECT o.workspace_id, o.outbox_id, o.due_at FROM countersign.outbox o
  WHERE o.state = 'due' AND o.due_at <= clock_timestamp() AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp())
  ORDER BY o.due_at LIMIT 384),
turns AS (
  SELECT w.workspace_id, w.outbox_id, w.due_at, row_number() OVER (PARTITION BY w.workspace_id ORDER BY w.due_at) AS turn
  FROM oldest w ORDER BY turn, w.due_at LIMIT 192),
due AS (
  SELECT o.workspace_id, o.outbox_id
  FROM turns t JOIN countersign.outbox o ON o.workspace_id = t.workspace_id AND o.outbox_id = t.outbox_id
  WHERE o.state = 'due' AND o.due_at <= clock_timestamp() AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp())
  ORDER BY t.turn, t.due_at LIMIT 48 FOR UPDATE OF o SKIP LOCKED)
UPDATE countersign.outbox o
SET locked_until = clock_timestamp() + make_interval(secs => $1), attempts = o.attempts + 1
FROM due WHERE o.workspace_id = due.workspace_id AND o.outbox_id = due.outbox_id
RETURNING o.workspace_id, o.outbox_id, o.kind, o.attempts, o.max_attempts
