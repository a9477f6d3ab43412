-- Whether a record may have no leaf yet: what a tick is for. Of a database that came out of a dump records may carry
-- numbers of transactions that are still to come; they count when these have come, and have their leaves by then.
SELECT NOT EXISTS (SELECT FROM audit.cursor c)
    OR EXISTS (SELECT FROM audit.record r
               WHERE r.xid >= (SELECT c.xid FROM audit.cursor c) AND r.xid < pg_snapshot_xmax(pg_current_snapshot()))
