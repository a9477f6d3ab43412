-- A restored database has a workspace again whose keys were destroyed: it is closed, whatever the order says.
INSERT INTO countersign.workspace_end AS e (workspace_id, ordered_at, due_at, closed_at)
VALUES ($1, clock_timestamp(), clock_timestamp(), clock_timestamp())
ON CONFLICT (workspace_id) DO UPDATE SET closed_at = coalesce(e.closed_at, excluded.closed_at)
