UPDATE countersign.api_token SET last_used_at = date_trunc('minute', clock_timestamp()) WHERE workspace_id = $1 AND token_id = $2
