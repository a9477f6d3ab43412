UPDATE countersign.stream SET state = $3, attempts = 0, due_at = clock_timestamp(), failure = $4
WHERE workspace_id = $1 AND stream_id = $2
