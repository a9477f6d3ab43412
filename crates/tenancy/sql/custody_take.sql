SELECT e.part, e.key_nos, e.shredded_at IS NOT NULL, e.erased_at IS NOT NULL
FROM countersign.erasure e WHERE e.workspace_id = $1 AND e.erasure_id = $2 FOR UPDATE SKIP LOCKED
