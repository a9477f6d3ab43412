SELECT pg_advisory_xact_lock($2::bigint) FROM countersign.workspace w WHERE w.workspace_id = $1
