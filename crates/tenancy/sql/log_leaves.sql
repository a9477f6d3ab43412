INSERT INTO audit.leaf (workspace_id, epoch, idx, record_id, hash)
SELECT $1, $2, t.idx, t.record_id, t.hash FROM unnest($3::bigint[], $4::bigint[], $5::bytea[]) AS t (idx, record_id, hash)
