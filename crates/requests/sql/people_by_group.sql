SELECT m.person_id FROM countersign.group_member m
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = m.person_id AND p.state = 'active'
JOIN countersign.grp g ON g.workspace_id = $1 AND g.group_id = m.group_id
WHERE m.workspace_id = $1 AND (g.name_bidx = $2 OR g.group_id = $3)
