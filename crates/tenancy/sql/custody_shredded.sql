UPDATE countersign.erasure SET shredded_at = clock_timestamp()
WHERE workspace_id = $1 AND erasure_id = $2 AND shredded_at IS NULL
