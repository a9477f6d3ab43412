-- Ends that are due or under way; and once in a while those of the last day, after which something may have come late.
(SELECT e.workspace_id, e.closed_at IS NOT NULL, e.checkpoint IS NOT NULL, e.shredded_at IS NOT NULL, e.erased_at IS NOT NULL
 FROM countersign.workspace_end e
 WHERE e.erased_at IS NULL AND (e.due_at <= clock_timestamp() OR e.closed_at IS NOT NULL) ORDER BY e.due_at LIMIT 100)
UNION ALL
(SELECT e.workspace_id, true, true, true, true
 FROM countersign.workspace_end e WHERE $1::boolean AND e.erased_at > clock_timestamp() - interval '1 day'
 ORDER BY e.erased_at DESC LIMIT 1000)
