UPDATE countersign.decision SET voided_at = clock_timestamp() WHERE workspace_id = $1 AND task_id = $2 AND voided_at IS NULL
