SELECT i.body_hash, i.status, i.response FROM countersign.idempotency i
WHERE i.workspace_id = $1 AND i.actor_id = $2 AND i.key_hash = $3 AND i.created_at > clock_timestamp() - interval '24 hours'
