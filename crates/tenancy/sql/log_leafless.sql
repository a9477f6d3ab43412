-- Records that had no leaf in the epoch before, in the order of acts; none of a transaction that may be under way.
SELECT r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests
FROM audit.record r
WHERE r.workspace_id = $1 AND r.id > $3 AND r.rec <> $4
  AND (r.xid < pg_snapshot_xmin(pg_current_snapshot()) OR r.xid >= pg_snapshot_xmax(pg_current_snapshot()))
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.epoch = $2)
ORDER BY r.id LIMIT $5
