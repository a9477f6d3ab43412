UPDATE countersign.workspace_end SET closed_at = clock_timestamp()
WHERE workspace_id = $1 AND closed_at IS NULL AND due_at <= clock_timestamp()
