UPDATE countersign.process_version SET state = 'retired' WHERE workspace_id = $1 AND process_id = $2 AND state = 'published'
