-- The transaction has one snapshot, so this is the cut that its rows were read with.
UPDATE audit.cursor c SET xid = pg_snapshot_xmin(pg_current_snapshot())
