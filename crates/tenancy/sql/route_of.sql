SELECT r.slug FROM platform.route r WHERE r.workspace_id = $1
