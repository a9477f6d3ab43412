SELECT NULL::uuid AS process_id, NULL::uuid AS requester_id, NULL::uuid AS assignee_id, p.person_id, (p.person_id = $3::uuid) IS TRUE AS was_asked
FROM countersign.person p
WHERE p.workspace_id = $1 AND p.person_id = $2::uuid AND p.state <> 'ended'
