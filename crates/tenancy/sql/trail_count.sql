SELECT count(*) FROM audit.record r WHERE r.workspace_id = $1 AND r.target_id = $2
