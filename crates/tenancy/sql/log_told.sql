UPDATE audit.opening SET told = true, succession = $3 WHERE workspace_id = $1 AND epoch = $2 AND NOT told
