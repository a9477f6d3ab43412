UPDATE countersign.stream_dead SET state = 'skipped', settled_at = clock_timestamp()
WHERE workspace_id = $1 AND stream_id = $2 AND state = 'waiting'
