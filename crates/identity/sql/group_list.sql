SELECT g.group_id, g.name,
       (SELECT count(*) FROM countersign.group_member m
        JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = m.person_id AND p.state = 'active'
        WHERE m.workspace_id = $1 AND m.group_id = g.group_id) AS members
FROM countersign.grp g
WHERE g.workspace_id = $1
ORDER BY g.group_id
LIMIT $2
