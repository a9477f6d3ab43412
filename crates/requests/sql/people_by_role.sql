SELECT DISTINCT p.person_id, a.expires_at FROM countersign.access_grant a
JOIN countersign.person p ON p.workspace_id = $1 AND p.state = 'active'
 AND ((a.principal_kind = 'person' AND a.principal_id = p.person_id)
   OR (a.principal_kind = 'group' AND EXISTS (SELECT FROM countersign.group_member m WHERE m.workspace_id = $1 AND m.group_id = a.principal_id AND m.person_id = p.person_id)))
WHERE a.workspace_id = $1 AND a.role = $2 AND a.level = 'workspace' AND (a.expires_at IS NULL OR a.expires_at > clock_timestamp())
