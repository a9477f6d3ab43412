-- Whether a record may have no leaf yet: what a tick is for.
SELECT NOT EXISTS (SELECT FROM audit.cursor c)
    OR EXISTS (SELECT FROM audit.record r WHERE r.xid >= (SELECT c.xid FROM audit.cursor c))
