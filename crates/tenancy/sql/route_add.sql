INSERT INTO platform.route (slug, workspace_id) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT route_pk DO NOTHING
