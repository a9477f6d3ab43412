SELECT t.task_id, t.request_id, t.process_id, t.stage, t.revision_hash, t.opened_at, r.title, r.requester_id, r.version
FROM countersign.task t
JOIN countersign.request r ON r.workspace_id = $1 AND r.request_id = t.request_id
WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.state = 'open' AND t.task_id > $3 AND ($5::uuid IS NULL OR t.request_id = $5)
ORDER BY t.task_id
LIMIT $4
