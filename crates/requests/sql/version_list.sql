SELECT v.process_id, v.version, v.state, v.hash, v.published_at, v.published_by
FROM countersign.process_version v
WHERE v.workspace_id = $1
ORDER BY v.process_id, v.version DESC
LIMIT 1000
