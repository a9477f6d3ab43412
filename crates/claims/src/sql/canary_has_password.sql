SELECT p.person_id FROM countersign.password p WHERE p.workspace_id = $1 AND p.person_id = $2
