SELECT g.group_id FROM countersign.grp g WHERE g.workspace_id = $1 AND g.name_bidx = $2
