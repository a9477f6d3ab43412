SELECT p.process_id, NULL::uuid AS requester_id, NULL::uuid AS assignee_id, NULL::uuid AS person_id, ($3::uuid IS NULL) IS TRUE AS was_asked
FROM countersign.process p
WHERE p.workspace_id = $1 AND p.process_id = $2::uuid
