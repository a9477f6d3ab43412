SELECT t.task_id, t.stage, t.person_id, t.state, t.opened_at, t.closed_at FROM countersign.task t
WHERE t.workspace_id = $1 AND t.request_id = $2 ORDER BY t.opened_at, t.task_id LIMIT 1000
