UPDATE countersign.person SET profile = $3, email_bidx = $4, manager_id = NULL
WHERE workspace_id = $1 AND person_id = $2 AND state = 'ended'
