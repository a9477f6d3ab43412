INSERT INTO audit.cursor (xid, epoch, host) VALUES ('0'::xid8, 1, $1) ON CONFLICT DO NOTHING
