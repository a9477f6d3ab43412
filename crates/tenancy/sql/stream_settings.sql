UPDATE countersign.stream SET settings = $3, settings_version = settings_version + 1
WHERE workspace_id = $1 AND stream_id = $2 AND settings_version = $4
