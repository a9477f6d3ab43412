DELETE FROM countersign.idempotency i
WHERE i.workspace_id = $1 AND i.created_at <= clock_timestamp() - interval '24 hours'
  AND (i.actor_id, i.key_hash) IN (
    SELECT o.actor_id, o.key_hash FROM countersign.idempotency o
    WHERE o.workspace_id = $1 AND o.created_at <= clock_timestamp() - interval '24 hours'
    ORDER BY (o.actor_id = $2 AND o.key_hash = $3) DESC, o.created_at LIMIT 100)
