INSERT INTO countersign.comment (workspace_id, comment_id, request_id, author_id, body) VALUES ($1, $2, $3, $4, $5)
