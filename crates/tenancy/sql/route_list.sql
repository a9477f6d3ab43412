SELECT r.slug, r.workspace_id, r.made_at FROM platform.route r ORDER BY r.slug LIMIT 1000
