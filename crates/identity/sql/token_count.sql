SELECT count(*) FROM countersign.api_token t
WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
