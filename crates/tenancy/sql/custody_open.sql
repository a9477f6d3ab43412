-- Orders that are not carried out; and once in a while those of the last day: what an act that was under way wrote after
-- them is looked for.
(SELECT e.workspace_id, e.erasure_id, false FROM countersign.erasure e
 WHERE e.erased_at IS NULL ORDER BY e.workspace_id, e.ordered_at LIMIT 100)
UNION ALL
(SELECT e.workspace_id, e.erasure_id, true FROM countersign.erasure e
 WHERE $1::boolean AND e.part = 'person' AND e.erased_at > clock_timestamp() - interval '1 day'
 ORDER BY e.erased_at DESC LIMIT 1000)
