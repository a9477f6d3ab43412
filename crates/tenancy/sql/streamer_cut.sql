UPDATE countersign.stream SET cut_last = $5, cut_size = $6, cut_note = $7
WHERE workspace_id = $1 AND stream_id = $2 AND lock_id = $3 AND next_idx = $4 AND cut_last IS NULL
