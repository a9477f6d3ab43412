SELECT NULL::uuid AS process_id, NULL::uuid AS requester_id, NULL::uuid AS assignee_id, NULL::uuid AS person_id, ($3::uuid IS NULL) IS TRUE AS was_asked
FROM countersign.stream s
WHERE s.workspace_id = $1 AND s.stream_id = $2::uuid
FOR UPDATE
