UPDATE countersign.one_time_link SET used_at = clock_timestamp()
WHERE workspace_id = $1 AND link_id = $2 AND credential_epoch = $3 AND used_at IS NULL AND expires_at > clock_timestamp()
