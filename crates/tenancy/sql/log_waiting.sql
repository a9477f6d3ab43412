-- The cut: every record whose transaction ended before the oldest that still runs. The cut and its rows share a snapshot.
-- A log that is not told in this epoch yet waits; a record that has its leaf there is passed. That is looked up record by
-- record: as a join it may be planned to read every leaf.
DECLARE waiting NO SCROLL CURSOR FOR
SELECT r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests
FROM audit.record r
WHERE r.xid >= (SELECT c.xid FROM audit.cursor c) AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
  AND (SELECT l.idx FROM audit.leaf l
       WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.epoch = (SELECT c.epoch FROM audit.cursor c)) IS NULL
  AND NOT EXISTS (SELECT FROM audit.opening o
                  WHERE o.workspace_id = r.workspace_id AND o.epoch = (SELECT c.epoch FROM audit.cursor c) AND NOT o.told)
ORDER BY r.workspace_id, r.id
