SELECT r.process_id, r.requester_id, t.person_id AS assignee_id, NULL::uuid AS person_id,
       EXISTS (SELECT FROM countersign.task o WHERE o.workspace_id = $1 AND o.request_id = r.request_id AND o.person_id = $3::uuid) AS was_asked
FROM countersign.task t
JOIN countersign.request r ON r.workspace_id = $1 AND r.request_id = t.request_id
WHERE t.workspace_id = $1 AND t.task_id = $2::uuid
FOR UPDATE OF r
