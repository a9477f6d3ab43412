SELECT m.person_id
FROM countersign.person p
JOIN countersign.person m ON m.workspace_id = $1 AND m.person_id = p.manager_id AND m.state = 'active'
WHERE p.workspace_id = $1 AND p.person_id = $2
