INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests) VALUES ($1, $2, $3, $4, $5, $6)
