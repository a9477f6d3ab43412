SELECT m.person_id FROM countersign.group_member m WHERE m.workspace_id = $1 AND m.group_id = $2
