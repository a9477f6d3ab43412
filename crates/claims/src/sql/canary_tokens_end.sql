UPDATE countersign.api_token SET revoked_at = clock_timestamp() WHERE workspace_id = $1 AND revoked_at IS NULL
