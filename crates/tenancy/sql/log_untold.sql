SELECT o.workspace_id, o.epoch, o.why, o.previous, o.restored_size, o.published_epoch, o.published_size, o.published_root
FROM audit.opening o WHERE o.epoch = (SELECT c.epoch FROM audit.cursor c) AND NOT o.told AND o.workspace_id > $1
ORDER BY o.workspace_id LIMIT $2
