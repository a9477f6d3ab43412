UPDATE countersign.task SET state = $3, closed_at = clock_timestamp() WHERE workspace_id = $1 AND task_id = $2 AND state = 'open'
