UPDATE countersign.one_time_link SET expires_at = clock_timestamp()
WHERE workspace_id = $1 AND (person_id = $2 OR issued_by = $2) AND used_at IS NULL AND expires_at > clock_timestamp()
