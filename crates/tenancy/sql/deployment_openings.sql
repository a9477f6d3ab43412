SELECT o.epoch, o.succession FROM audit.opening o WHERE o.workspace_id = $1 ORDER BY o.epoch DESC LIMIT $2
