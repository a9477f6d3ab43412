DELETE FROM countersign.password WHERE workspace_id = $1 AND person_id = $2
