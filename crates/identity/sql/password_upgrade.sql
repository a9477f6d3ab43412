UPDATE countersign.password SET phc = $3, params_level = $4 WHERE workspace_id = $1 AND person_id = $2 AND params_level < $4
