UPDATE countersign.session SET ended_at = clock_timestamp(), end_reason = $4
WHERE workspace_id = $1 AND session_id = $2 AND person_id = $3 AND ended_at IS NULL
