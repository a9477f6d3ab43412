SELECT h.workspace_id, h.signed_size, h.checkpoint
FROM audit.head h WHERE h.epoch = $1 AND h.signed_size > h.anchored_size AND h.workspace_id <> $2
ORDER BY h.workspace_id LIMIT 1000
