SELECT p.person_id, p.profile, p.state, p.manager_id, p.last_sign_in_at,
       (SELECT g.role FROM countersign.access_grant g
        WHERE g.workspace_id = $1 AND g.principal_kind = 'person' AND g.principal_id = p.person_id AND g.level = 'workspace'
        ORDER BY g.created_at DESC LIMIT 1) AS role
FROM countersign.person p
WHERE p.workspace_id = $1 AND p.person_id = $2
