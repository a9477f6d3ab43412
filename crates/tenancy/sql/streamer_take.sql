-- Active streams with something to send, the one of each workspace that waited longest; none of the workspaces in $1, which
-- have as many under way as they may. Its leaves count once a checkpoint that was signed covers them.
WITH turns AS (
  SELECT DISTINCT ON (s.workspace_id) s.workspace_id, s.stream_id, s.due_at FROM countersign.stream s
  WHERE s.state = 'active' AND s.due_at <= clock_timestamp() AND (s.locked_until IS NULL OR s.locked_until < clock_timestamp())
    AND NOT (s.workspace_id = ANY ($1::uuid[]))
    AND (s.cut_last IS NOT NULL OR EXISTS (SELECT FROM audit.head h WHERE h.workspace_id = s.workspace_id
      AND (h.epoch > s.epoch OR (h.epoch = s.epoch AND h.signed_size > s.next_idx))))
  ORDER BY s.workspace_id, s.due_at),
due AS (
  SELECT s.workspace_id, s.stream_id FROM (SELECT t.workspace_id, t.stream_id, t.due_at FROM turns t ORDER BY t.due_at LIMIT $2) t
  JOIN countersign.stream s ON s.workspace_id = t.workspace_id AND s.stream_id = t.stream_id
  WHERE s.state = 'active' AND (s.locked_until IS NULL OR s.locked_until < clock_timestamp())
  FOR UPDATE OF s SKIP LOCKED)
UPDATE countersign.stream s SET locked_until = clock_timestamp() + make_interval(secs => $3), lock_id = gen_random_uuid()
FROM due WHERE s.workspace_id = due.workspace_id AND s.stream_id = due.stream_id
RETURNING s.workspace_id, s.stream_id, s.lock_id
