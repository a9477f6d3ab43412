-- The batch that was cut is left out; the next one says so, for its first leaf is not the one behind the last that arrived.
UPDATE countersign.stream SET next_idx = coalesce(resume_idx, cut_last + 1), resume_idx = NULL, resume_epoch = NULL, resume_next = NULL, cut_last = NULL, cut_size = NULL, cut_note = NULL, state = 'active',
  attempts = 0, due_at = clock_timestamp(), failure = NULL
WHERE workspace_id = $1 AND stream_id = $2 AND state = 'error' AND next_idx = $3 AND cut_last = $4
