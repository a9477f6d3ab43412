UPDATE countersign.workspace_end SET erased_at = $2, certificate = $3
WHERE workspace_id = $1 AND shredded_at IS NOT NULL AND erased_at IS NULL
