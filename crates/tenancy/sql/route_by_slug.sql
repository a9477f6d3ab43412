SELECT r.workspace_id FROM platform.route r WHERE r.slug = $1
