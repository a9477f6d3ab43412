SELECT p.person_id, k.phc, k.params_level
FROM countersign.person p
JOIN countersign.password k ON k.workspace_id = $1 AND k.person_id = p.person_id
WHERE p.workspace_id = $1 AND p.email_bidx = $2 AND p.state = 'active'
