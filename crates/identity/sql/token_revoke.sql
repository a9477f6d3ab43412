UPDATE countersign.api_token SET revoked_at = clock_timestamp()
WHERE workspace_id = $1 AND token_id = $2 AND person_id = $3 AND revoked_at IS NULL
