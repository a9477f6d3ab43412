-- Every log that has records, and the deployment's, gets its opening: what is known of it here, and of what was published.
WITH RECURSIVE logs (workspace_id) AS (
  (SELECT r.workspace_id FROM audit.record r ORDER BY r.workspace_id LIMIT 1)
  UNION ALL
  SELECT (SELECT r.workspace_id FROM audit.record r WHERE r.workspace_id > l.workspace_id ORDER BY r.workspace_id LIMIT 1)
  FROM logs l WHERE l.workspace_id IS NOT NULL),
ended AS (
  SELECT l.workspace_id, h.epoch, coalesce(h.size, 0) AS size
  FROM (SELECT workspace_id FROM logs WHERE workspace_id IS NOT NULL UNION ALL SELECT $7::uuid) l
  LEFT JOIN LATERAL (SELECT h.epoch, h.size FROM audit.head h WHERE h.workspace_id = l.workspace_id AND h.epoch < $1
                     ORDER BY h.epoch DESC LIMIT 1) h ON true)
INSERT INTO audit.opening (workspace_id, epoch, why, previous, restored_size, published_epoch, published_size, published_root)
SELECT e.workspace_id, $1, $2, e.epoch, e.size, p.epoch, p.size, p.root
FROM ended e LEFT JOIN unnest($3::uuid[], $4::integer[], $5::bigint[], $6::bytea[]) AS p (workspace_id, epoch, size, root)
  ON p.workspace_id = e.workspace_id
