DELETE FROM countersign.workspace_end e WHERE e.workspace_id = $1 AND e.closed_at IS NULL
