SELECT w.workspace_id FROM countersign.workspace w WHERE w.workspace_id = $1 FOR NO KEY UPDATE
