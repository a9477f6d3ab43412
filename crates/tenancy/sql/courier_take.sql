WITH due AS (
  SELECT o.workspace_id, o.outbox_id FROM countersign.outbox o
  WHERE o.state = 'due' AND o.due_at <= clock_timestamp() AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp())
  ORDER BY o.due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
UPDATE countersign.outbox o
SET locked_until = clock_timestamp() + make_interval(secs => $2), attempts = o.attempts + 1
FROM due WHERE o.workspace_id = due.workspace_id AND o.outbox_id = due.outbox_id
RETURNING o.workspace_id, o.outbox_id, o.kind, o.attempts, o.max_attempts
