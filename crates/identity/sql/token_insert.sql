INSERT INTO countersign.api_token (workspace_id, token_id, person_id, token_hash, scopes, label, credential_epoch, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(days => $8))
