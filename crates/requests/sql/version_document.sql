SELECT v.hash, v.document, p.key, p.prefix
FROM countersign.process_version v
JOIN countersign.process p ON p.workspace_id = $1 AND p.process_id = v.process_id
WHERE v.workspace_id = $1 AND v.process_id = $2 AND v.version = $3
