UPDATE audit.head h SET anchored_size = t.size
FROM unnest($2::uuid[], $3::bigint[]) AS t (workspace_id, size)
WHERE h.epoch = $1 AND h.workspace_id = t.workspace_id
