UPDATE countersign.stream SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => $4), failure = $5,
  last_failed_at = clock_timestamp(), locked_until = NULL, lock_id = NULL
WHERE workspace_id = $1 AND stream_id = $2 AND lock_id = $3
