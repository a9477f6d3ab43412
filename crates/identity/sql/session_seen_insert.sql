INSERT INTO countersign.session_seen (workspace_id, session_id) VALUES ($1, $2)
