SELECT r.state, count(*) FROM countersign.request r WHERE r.workspace_id = $1 AND r.process_id = $2 GROUP BY r.state ORDER BY r.state
