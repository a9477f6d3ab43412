-- The cut: every record whose transaction ended before the oldest that still runs. The cut and its rows share a snapshot.
DECLARE waiting NO SCROLL CURSOR FOR
SELECT r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests
FROM audit.record r
WHERE r.xid >= (SELECT c.xid FROM audit.cursor c) AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY r.workspace_id, r.id
