UPDATE countersign.workspace_end SET shredded_at = clock_timestamp(), key_count = $2, key_digest = $3
WHERE workspace_id = $1 AND checkpoint IS NOT NULL AND shredded_at IS NULL
