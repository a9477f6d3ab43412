-- Leaves of an earlier epoch in their order, with the records that they commit to, where these are still there.
SELECT r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests,
  l.idx, l.hash
FROM audit.leaf l LEFT JOIN audit.record r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
WHERE l.workspace_id = $1 AND l.epoch = $2 AND l.idx >= $3
ORDER BY l.idx LIMIT $4
