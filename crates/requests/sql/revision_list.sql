SELECT v.number, v.hash, v.content, v.created_by, v.created_at FROM countersign.revision v
WHERE v.workspace_id = $1 AND v.request_id = $2 ORDER BY v.number LIMIT 100
