SELECT p.process_id, coalesce((SELECT max(v.version) FROM countersign.process_version v WHERE v.workspace_id = $1 AND v.process_id = p.process_id), 0) AS newest
FROM countersign.process p
WHERE p.workspace_id = $1 AND p.key = $2
FOR UPDATE OF p
