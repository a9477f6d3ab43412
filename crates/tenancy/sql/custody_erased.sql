UPDATE countersign.erasure SET erased_at = coalesce(erased_at, clock_timestamp())
WHERE workspace_id = $1 AND erasure_id = $2 AND shredded_at IS NOT NULL
