SELECT g.role, g.target_id, g.expires_at
FROM countersign.access_grant g
WHERE g.workspace_id = $1
  AND (g.principal_kind = 'everyone'
       OR (g.principal_kind = 'person' AND g.principal_id = $2)
       OR (g.principal_kind = 'group' AND g.principal_id IN
             (SELECT m.group_id FROM countersign.group_member m WHERE m.workspace_id = $1 AND m.person_id = $2)))
