SELECT t.data FROM audit.tile t WHERE t.workspace_id = $1 AND t.epoch = $2 AND t.level = $3 AND t.n = $4
