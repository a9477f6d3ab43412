SELECT d.decision_id, d.task_id, d.person_id, d.stage, d.verdict, d.revision_hash, d.version_hash, d.reason, d.channel, d.given_at, d.settled_at, d.voided_at
FROM countersign.decision d
WHERE d.workspace_id = $1 AND d.request_id = $2 ORDER BY d.given_at, d.decision_id LIMIT 500
