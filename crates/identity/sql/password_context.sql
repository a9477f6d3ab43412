SELECT p.profile, w.name, (SELECT k.phc FROM countersign.password k WHERE k.workspace_id = $1 AND k.person_id = p.person_id) AS phc
FROM countersign.person p
JOIN countersign.workspace w ON w.workspace_id = $1
WHERE p.workspace_id = $1 AND p.person_id = $2 AND p.state = 'active'
