SELECT count(DISTINCT p.person_id)
FROM countersign.access_grant g
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = g.principal_id
WHERE g.workspace_id = $1 AND g.principal_kind = 'person' AND g.role = 'owner' AND g.level = 'workspace'
  AND (g.expires_at IS NULL OR g.expires_at > clock_timestamp()) AND p.state = 'active' AND p.person_id <> $2
