INSERT INTO countersign.group_member (workspace_id, group_id, person_id)
SELECT p.workspace_id, $2::uuid, p.person_id
FROM countersign.person p
WHERE p.workspace_id = $1 AND p.person_id = ANY ($3::uuid[]) AND p.state IN ('invited', 'active')
