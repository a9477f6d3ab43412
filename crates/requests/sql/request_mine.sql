SELECT r.request_id, r.process_id, r.version, r.state, r.stage, r.title, r.engine, r.created_at, r.stage_since, r.revision_hash
FROM countersign.request r
WHERE r.workspace_id = $1 AND r.requester_id = $2 AND r.request_id < $3
ORDER BY r.request_id DESC
LIMIT $4
