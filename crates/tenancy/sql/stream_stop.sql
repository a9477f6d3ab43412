-- A stream stands still until somebody starts it again; one that was paused or stopped meanwhile stays as it is.
UPDATE countersign.stream SET state = $3, failure = $4, locked_until = NULL, lock_id = NULL, last_failed_at = clock_timestamp(),
  attempts = attempts + 1
WHERE workspace_id = $1 AND stream_id = $2 AND state = 'active' AND lock_id = $5
