INSERT INTO countersign.workspace (workspace_id, name) VALUES ($1, $2)
