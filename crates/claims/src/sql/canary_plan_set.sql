UPDATE countersign.workspace SET plan = $2 WHERE workspace_id = $1
