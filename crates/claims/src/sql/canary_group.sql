SELECT g.group_id FROM countersign.grp g WHERE g.workspace_id = $1 ORDER BY g.group_id LIMIT 1
