-- Workspaces with something due, in a ring that begins at $2, at most 48; of each the oldest, at most 48; then in turns.
-- These numbers are written out, for a plan that is made once has to know that they are small.
WITH RECURSIVE ahead AS (
  (SELECT o.workspace_id, 1 AS place FROM countersign.outbox o
   WHERE o.state = 'due' AND o.due_at <= clock_timestamp()
     AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp()) AND o.workspace_id >= $2
   ORDER BY o.workspace_id LIMIT 1)
  UNION ALL
  SELECT (SELECT o.workspace_id FROM countersign.outbox o
          WHERE o.state = 'due' AND o.due_at <= clock_timestamp()
     AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp()) AND o.workspace_id > a.workspace_id
          ORDER BY o.workspace_id LIMIT 1), a.place + 1
  FROM ahead a WHERE a.workspace_id IS NOT NULL AND a.place < 48),
behind AS (
  (SELECT o.workspace_id, 49 AS place FROM countersign.outbox o
   WHERE o.state = 'due' AND o.due_at <= clock_timestamp()
     AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp()) AND o.workspace_id < $2
   ORDER BY o.workspace_id LIMIT 1)
  UNION ALL
  SELECT (SELECT o.workspace_id FROM countersign.outbox o
          WHERE o.state = 'due' AND o.due_at <= clock_timestamp()
     AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp()) AND o.workspace_id > b.workspace_id
            AND o.workspace_id < $2
          ORDER BY o.workspace_id LIMIT 1), b.place + 1
  FROM behind b WHERE b.workspace_id IS NOT NULL AND b.place < 96),
ring AS (
  SELECT r.workspace_id FROM (SELECT a.workspace_id, a.place FROM ahead a UNION ALL SELECT b.workspace_id, b.place FROM behind b) r
  WHERE r.workspace_id IS NOT NULL ORDER BY r.place LIMIT 48),
turns AS (
  SELECT f.workspace_id, f.outbox_id, f.due_at, f.turn
  FROM ring r
  CROSS JOIN LATERAL (
    SELECT n.workspace_id, n.outbox_id, n.due_at, row_number() OVER (ORDER BY n.due_at) AS turn
    FROM (SELECT o.workspace_id, o.outbox_id, o.due_at FROM countersign.outbox o
          WHERE o.workspace_id = r.workspace_id AND o.state = 'due' AND o.due_at <= clock_timestamp()
            AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp())
          ORDER BY o.due_at LIMIT 48) n) f
  ORDER BY f.turn, f.due_at LIMIT 192),
due AS (
  -- One by one, by the key, in the order of the turns and no further than to the bound: a join made over few rows would read
  -- everybody's backlog, and a sort behind the locks would lock what is not taken.
  SELECT f.workspace_id, f.outbox_id
  FROM turns t CROSS JOIN LATERAL (
    SELECT o.workspace_id, o.outbox_id FROM countersign.outbox o
    WHERE o.workspace_id = t.workspace_id AND o.outbox_id = t.outbox_id
      AND (o.state = 'due') IS NOT FALSE AND o.due_at <= clock_timestamp()
      AND (o.locked_until IS NULL OR o.locked_until < clock_timestamp())
    FOR UPDATE OF o SKIP LOCKED) f
  LIMIT 48)
UPDATE countersign.outbox o
SET locked_until = clock_timestamp() + make_interval(secs => $1), attempts = o.attempts + 1
FROM due WHERE o.workspace_id = due.workspace_id AND o.outbox_id = due.outbox_id
RETURNING o.workspace_id, o.outbox_id, o.kind, o.attempts, o.max_attempts
