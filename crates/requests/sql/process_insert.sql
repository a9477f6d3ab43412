INSERT INTO countersign.process (workspace_id, process_id, key, prefix, name, published) VALUES ($1, $2, $3, $4, $5, $6)
