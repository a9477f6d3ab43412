UPDATE countersign.person SET profile = $3, manager_id = $4 WHERE workspace_id = $1 AND person_id = $2 AND state <> 'ended'
