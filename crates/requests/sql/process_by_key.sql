SELECT p.process_id, p.key, p.prefix, v.version, v.hash
FROM countersign.process p
JOIN countersign.process_version v ON v.workspace_id = $1 AND v.process_id = p.process_id AND v.version = p.published
WHERE p.workspace_id = $1 AND p.key = $2
