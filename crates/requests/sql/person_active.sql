SELECT p.person_id FROM countersign.person p
WHERE p.workspace_id = $1 AND p.state = 'active' AND (p.person_id = $2 OR p.email_bidx = $3)
