INSERT INTO countersign.decision (workspace_id, decision_id, task_id, request_id, person_id, stage, verdict, revision_hash, version_hash, reason, channel, settled_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp())
