SELECT o.epoch, o.why, o.opened_at, o.previous, o.restored_size, o.published_epoch, o.published_size, o.told, o.succession
FROM audit.opening o WHERE o.workspace_id = $1 ORDER BY o.epoch DESC LIMIT $2
