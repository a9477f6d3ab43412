SELECT h.size, h.frontier, h.signed_size, h.checkpoint, h.anchored_size
FROM audit.head h WHERE h.workspace_id = $1 AND h.epoch = $2
