SELECT p.process_id, p.published
FROM countersign.process p
WHERE p.workspace_id = $1 AND p.key = $2 AND p.published IS NOT NULL
