SELECT NULL::uuid AS process_id, NULL::uuid AS requester_id, NULL::uuid AS assignee_id, NULL::uuid AS person_id, false AS was_asked
WHERE NOT EXISTS (SELECT FROM countersign.workspace w WHERE w.workspace_id = $1)
  AND $2::uuid IS NULL AND ($3::uuid IS NULL OR $3::uuid IS NOT NULL)
