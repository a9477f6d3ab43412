INSERT INTO countersign.request_event (workspace_id, request_id, number, kind, actor_id, body) VALUES ($1, $2, $3, $4, $5, $6)
