SELECT c.person_id FROM countersign.checkpoint_mail c
WHERE c.workspace_id = $1 AND c.due_at <= clock_timestamp() ORDER BY c.due_at LIMIT $2 FOR UPDATE SKIP LOCKED
