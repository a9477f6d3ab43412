INSERT INTO countersign.task (workspace_id, task_id, request_id, process_id, stage, person_id, state, revision_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
