DELETE FROM countersign.access_grant
WHERE workspace_id = $1 AND principal_kind = 'person' AND principal_id = $2 AND level = 'workspace'
