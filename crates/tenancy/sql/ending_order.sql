INSERT INTO countersign.workspace_end (workspace_id, due_at) VALUES ($1, clock_timestamp() + make_interval(days => $2::integer))
