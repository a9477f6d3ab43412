-- Orders that are not carried out, and those of the last day: what an act that was under way wrote after them is looked for.
(SELECT e.workspace_id, e.erasure_id FROM countersign.erasure e WHERE e.erased_at IS NULL ORDER BY e.workspace_id, e.ordered_at LIMIT 100)
UNION ALL
(SELECT e.workspace_id, e.erasure_id FROM countersign.erasure e WHERE e.erased_at > clock_timestamp() - interval '1 day'
 ORDER BY e.erased_at DESC LIMIT 1000)
