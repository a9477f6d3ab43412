DELETE FROM countersign.group_member WHERE workspace_id = $1 AND group_id = $2 AND person_id = ANY ($3::uuid[])
