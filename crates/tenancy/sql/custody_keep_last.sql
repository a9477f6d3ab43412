UPDATE countersign.workspace_end SET checkpoint = $2, vkey = $3
WHERE workspace_id = $1 AND closed_at IS NOT NULL AND shredded_at IS NULL
