SELECT e.ordered_at, e.due_at FROM countersign.workspace_end e WHERE e.workspace_id = $1
