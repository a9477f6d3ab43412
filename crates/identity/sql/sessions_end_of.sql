UPDATE countersign.session SET ended_at = clock_timestamp(), end_reason = $3
WHERE workspace_id = $1 AND person_id = $2 AND ended_at IS NULL AND ($4::uuid IS NULL OR session_id <> $4)
