-- Where the integrator stands, this tick's cut, and what tells this database from another and from its own past.
SELECT c.epoch, c.host, c.xid::text, pg_snapshot_xmin(pg_current_snapshot())::text,
  (SELECT s.system_identifier FROM pg_control_system() s), left(pg_walfile_name(pg_current_wal_lsn()), 8)
FROM audit.cursor c
