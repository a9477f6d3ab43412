-- Records that should have a leaf by now, in the newest epoch, and have none: how many, and the age of the oldest in seconds.
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(r.ts)), 0)::float8
FROM audit.record r
WHERE r.workspace_id = $1
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id
                  AND l.epoch = (SELECT max(n.epoch) FROM audit.head n WHERE n.workspace_id = $1))
