INSERT INTO audit.head AS h (workspace_id, epoch, size, frontier, signed_size, checkpoint, signed_at, anchored_size)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN clock_timestamp() END, $8)
ON CONFLICT (workspace_id, epoch) DO UPDATE
SET size = excluded.size, frontier = excluded.frontier, signed_size = excluded.signed_size, checkpoint = excluded.checkpoint,
    signed_at = coalesce(excluded.signed_at, h.signed_at), anchored_size = excluded.anchored_size
