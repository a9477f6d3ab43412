-- Arrived: the cursor moves behind the batch, and a dead letter of it is none any more. Behind the records that open an
-- epoch it moves to where the stream was in the one before.
WITH moved AS (
  UPDATE countersign.stream s SET next_idx = coalesce(s.resume_idx, s.cut_last + 1), sent_idx = coalesce(s.resume_idx, s.cut_last + 1),
    resume_idx = NULL, resume_epoch = NULL, resume_next = NULL, sent_size = s.cut_size, cut_last = NULL,
    cut_size = NULL, cut_note = NULL, attempts = 0, due_at = clock_timestamp(), locked_until = NULL, lock_id = NULL,
    last_sent_at = clock_timestamp(), failure = NULL
  WHERE s.workspace_id = $1 AND s.stream_id = $2 AND s.lock_id = $3 AND s.next_idx = $4 AND s.cut_last = $5
  RETURNING s.workspace_id, s.stream_id, s.epoch),
settled AS (
  UPDATE countersign.stream_dead d SET state = 'sent', settled_at = clock_timestamp()
  FROM moved WHERE d.workspace_id = moved.workspace_id AND d.stream_id = moved.stream_id AND d.epoch = moved.epoch
    AND d.first_idx = $4 AND d.state = 'waiting'
  RETURNING d.workspace_id)
SELECT (SELECT count(*) FROM moved) AS moved, (SELECT count(*) FROM settled) AS settled, NULL::uuid AS workspace_id
