SELECT p.person_id FROM countersign.person p WHERE p.workspace_id = $1 AND p.person_id = ANY ($2::uuid[]) AND p.state = 'active'
ORDER BY p.person_id
