INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos) VALUES ($1, $2, $3, $4, $5)
