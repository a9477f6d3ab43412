-- The newest, and whatever is open.
SELECT e.erasure_id, e.part, e.subject, e.key_nos, e.ordered_at, e.shredded_at, e.erased_at
FROM countersign.erasure e WHERE e.workspace_id = $1
ORDER BY e.erased_at IS NULL DESC, e.ordered_at DESC LIMIT $2
