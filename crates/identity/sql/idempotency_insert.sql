INSERT INTO countersign.idempotency (workspace_id, actor_id, key_hash, body_hash, status, response) VALUES ($1, $2, $3, $4, $5, $6)
