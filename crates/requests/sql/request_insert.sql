INSERT INTO countersign.request (workspace_id, request_id, process_id, version, requester_id, state, stage, revision_no, revision_hash,
  event_no, title, engine, submitted_at, stage_since, ended_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
