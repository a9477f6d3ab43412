SELECT h.epoch, h.signed_size, h.checkpoint FROM audit.head h
WHERE h.workspace_id = $1 AND h.checkpoint IS NOT NULL ORDER BY h.epoch DESC LIMIT 1
