SELECT DISTINCT t.request_id
FROM countersign.task t
WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.state = 'open'
ORDER BY t.request_id
LIMIT $3
