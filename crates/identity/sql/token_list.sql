SELECT t.token_id, t.scopes, t.label, t.created_at, t.expires_at, t.last_used_at
FROM countersign.api_token t
WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
ORDER BY t.token_id DESC
LIMIT $3
