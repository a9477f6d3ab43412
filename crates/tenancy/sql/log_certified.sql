UPDATE countersign.workspace_end e SET entry_epoch = $1, entry_idx = t.idx
FROM unnest($2::uuid[], $3::bigint[]) AS t (workspace_id, idx) WHERE e.workspace_id = t.workspace_id
