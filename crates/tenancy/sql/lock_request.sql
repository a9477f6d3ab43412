SELECT r.process_id, r.requester_id, NULL::uuid AS assignee_id, NULL::uuid AS person_id,
       EXISTS (SELECT FROM countersign.task t WHERE t.workspace_id = $1 AND t.request_id = r.request_id AND t.person_id = $3::uuid) AS was_asked
FROM countersign.request r
WHERE r.workspace_id = $1 AND r.request_id = $2::uuid
FOR UPDATE OF r
