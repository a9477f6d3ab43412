INSERT INTO audit.tile AS t (workspace_id, epoch, level, n, data) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, epoch, level, n) DO UPDATE SET data = t.data || excluded.data
