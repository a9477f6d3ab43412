-- Records that should have a leaf by now, in the newest epoch, and have none: how many, and the age of the oldest in seconds.
-- As a difference of sets: as a join it was planned by a table's missing statistics to read every leaf for each record.
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(r.ts)), 0)::float8
FROM audit.record r
WHERE r.workspace_id = $1 AND r.id = ANY (ARRAY(
  SELECT o.id FROM audit.record o WHERE o.workspace_id = $1
  EXCEPT SELECT l.record_id FROM audit.leaf l
  WHERE l.workspace_id = $1 AND l.epoch = (SELECT max(n.epoch) FROM audit.head n WHERE n.workspace_id = $1)))
