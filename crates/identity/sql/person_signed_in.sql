UPDATE countersign.person SET last_sign_in_at = clock_timestamp() WHERE workspace_id = $1 AND person_id = $2 AND state = 'active'
