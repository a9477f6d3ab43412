-- By the key, not by the partial index over open tasks: a plan made over few rows would read all of the workspace's.
UPDATE countersign.task SET state = $3, closed_at = clock_timestamp() WHERE workspace_id = $1 AND task_id = $2 AND (state = 'open') IS NOT FALSE
