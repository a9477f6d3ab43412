INSERT INTO countersign.password (workspace_id, person_id, phc, params_level) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT password_pk DO UPDATE SET phc = excluded.phc, params_level = excluded.params_level, changed_at = clock_timestamp()
