SELECT w.name FROM countersign.workspace w WHERE w.workspace_id = $1
