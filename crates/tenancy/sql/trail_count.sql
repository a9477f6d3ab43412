SELECT count(*) FROM audit.payload p WHERE p.workspace_id = $1 AND p.target_id = $2
