SELECT h.epoch, h.size, h.frontier, h.signed_size, h.checkpoint, h.anchored_size, h.signed_at
FROM audit.head h WHERE h.workspace_id = $1 ORDER BY h.epoch DESC LIMIT 1
