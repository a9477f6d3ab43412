INSERT INTO countersign.revision (workspace_id, request_id, number, hash, content, created_by) VALUES ($1, $2, $3, $4, $5, $6)
