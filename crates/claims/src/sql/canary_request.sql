SELECT r.request_id, t.task_id
FROM countersign.request r
JOIN countersign.task t ON t.workspace_id = $1 AND t.request_id = r.request_id AND t.state = 'open'
WHERE r.workspace_id = $1 AND r.process_id = $2 AND r.state = 'open'
ORDER BY r.request_id, t.task_id LIMIT 1
