SELECT p.person_id, p.profile FROM countersign.person p WHERE p.workspace_id = $1 AND p.person_id = ANY ($2::uuid[])
