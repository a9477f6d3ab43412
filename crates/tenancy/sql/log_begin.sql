INSERT INTO audit.cursor (xid, epoch, host) VALUES ('0'::xid8, $2, $1) ON CONFLICT DO NOTHING
