UPDATE countersign.session_seen SET last_seen_at = clock_timestamp()
WHERE workspace_id = $1 AND session_id = $2 AND last_seen_at < clock_timestamp() - interval '5 seconds'
