DELETE FROM countersign.stream_dead WHERE workspace_id = $1 AND stream_id = $2 AND first_idx = $3 AND state = 'waiting'
