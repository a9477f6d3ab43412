UPDATE countersign.person SET kind = 'probe' WHERE workspace_id = $1 AND kind <> 'probe'
