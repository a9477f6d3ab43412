SELECT r.id, r.rec, r.ts, r.action, r.actor_id, r.target_id, r.period_part, r.person_part,
  r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests,
  l.idx, l.epoch, l.hash, l.idx < h.signed_size
FROM audit.record r
LEFT JOIN audit.leaf l ON l.workspace_id = r.workspace_id AND l.record_id = r.id
  AND l.epoch = (SELECT max(n.epoch) FROM audit.head n WHERE n.workspace_id = $1)
LEFT JOIN audit.head h ON h.workspace_id = l.workspace_id AND h.epoch = l.epoch
WHERE r.workspace_id = $1 AND r.actor_id = $6::uuid AND (r.ts, r.id) < ($2, $3) AND r.ts >= $4
  AND $5::uuid IS NULL AND ($7::text IS NULL OR r.action = $7)
ORDER BY r.ts DESC, r.id DESC
LIMIT $8
