SELECT count(*) FROM pg_catalog.pg_constraint c
WHERE (c.conname = 'workspace_pk' AND c.contype = 'p') OR (c.conname = 'route_workspace_once' AND c.contype = 'u')
