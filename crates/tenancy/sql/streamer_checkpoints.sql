SELECT DISTINCT c.workspace_id FROM countersign.checkpoint_mail c WHERE c.due_at <= clock_timestamp() LIMIT $1
