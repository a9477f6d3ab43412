SELECT g.role, g.target_id FROM countersign.access_grant g
WHERE g.workspace_id = $1 AND g.principal_kind = 'group' AND g.principal_id = $2
