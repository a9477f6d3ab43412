DELETE FROM countersign.group_member WHERE workspace_id = $1 AND person_id = $2
