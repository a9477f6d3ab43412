SELECT c.comment_id FROM countersign.comment c WHERE c.workspace_id = $1 AND c.request_id = $2 ORDER BY c.comment_id LIMIT 1
