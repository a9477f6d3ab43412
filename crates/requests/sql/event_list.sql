SELECT e.number, e.kind, e.actor_id, e.at FROM countersign.request_event e
WHERE e.workspace_id = $1 AND e.request_id = $2 ORDER BY e.number LIMIT 500
