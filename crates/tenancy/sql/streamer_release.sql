UPDATE countersign.stream SET locked_until = NULL, lock_id = NULL WHERE workspace_id = $1 AND stream_id = $2 AND lock_id = $3
