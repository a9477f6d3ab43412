SELECT p.person_id, p.params_level, p.phc FROM countersign.password p WHERE p.workspace_id = $1 ORDER BY p.person_id LIMIT 100
