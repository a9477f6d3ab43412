SELECT t.token_id, t.person_id, p.audit_key_no, w.access_epoch, clock_timestamp() AS now, t.scopes, t.last_used_at, t.expires_at
FROM countersign.api_token t
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = t.person_id
JOIN countersign.workspace w ON w.workspace_id = $1
WHERE t.workspace_id = $1 AND t.token_hash = $2 AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
  AND p.state = 'active' AND p.credential_epoch = t.credential_epoch AND w.state = 'active'
