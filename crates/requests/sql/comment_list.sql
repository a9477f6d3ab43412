SELECT c.comment_id, c.author_id, c.body, c.created_at FROM countersign.comment c
WHERE c.workspace_id = $1 AND c.request_id = $2 ORDER BY c.comment_id LIMIT 500
