UPDATE countersign.process SET published = $3, name = $4, prefix = $5 WHERE workspace_id = $1 AND process_id = $2
