INSERT INTO countersign.checkpoint_mail (workspace_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
