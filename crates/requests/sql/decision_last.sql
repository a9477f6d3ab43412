SELECT d.decision_id, d.person_id, d.reason FROM countersign.decision d
WHERE d.workspace_id = $1 AND d.request_id = $2 ORDER BY d.given_at DESC, d.decision_id DESC LIMIT 1
