SELECT v.hash, v.document
FROM countersign.process_version v
WHERE v.workspace_id = $1 AND v.process_id = $2 AND v.version = $3
