SELECT w.plan FROM countersign.workspace w WHERE w.workspace_id = $1
