SELECT p.state FROM countersign.person p WHERE p.workspace_id = $1 AND p.person_id = $2 FOR UPDATE
