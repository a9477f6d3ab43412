SELECT p.person_id
FROM countersign.person p
WHERE p.workspace_id = $1 AND p.state = 'active'
  AND EXISTS (
    SELECT FROM countersign.access_grant g
    WHERE g.workspace_id = $1 AND g.role = $2 AND (g.target_id IS NULL OR g.target_id = $3::uuid)
      AND (g.expires_at IS NULL OR g.expires_at > clock_timestamp())
      AND (g.principal_kind = 'everyone'
           OR (g.principal_kind = 'person' AND g.principal_id = p.person_id)
           OR (g.principal_kind = 'group' AND EXISTS (
                 SELECT FROM countersign.group_member m
                 WHERE m.workspace_id = $1 AND m.group_id = g.principal_id AND m.person_id = p.person_id))))
ORDER BY p.person_id
LIMIT $4
