INSERT INTO audit.deployment_entry (epoch, idx, of_workspace, of_size, entry, hash)
SELECT $1, t.idx, t.of_workspace, t.of_size, t.entry, t.hash
FROM unnest($2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::bytea[]) AS t (idx, of_workspace, of_size, entry, hash)
