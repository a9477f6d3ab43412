SELECT m.group_id, m.person_id
FROM countersign.group_member m
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = m.person_id AND p.state = 'active'
WHERE m.workspace_id = $1 AND m.group_id = ANY ($2::uuid[])
ORDER BY m.group_id, m.person_id
