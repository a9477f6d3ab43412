SELECT p.process_id, p.published, v.published_at
FROM countersign.process p
JOIN countersign.process_version v ON v.workspace_id = $1 AND v.process_id = p.process_id AND v.version = p.published
WHERE p.workspace_id = $1
ORDER BY p.key
LIMIT 200
