SELECT e.workspace_id, e.certificate FROM countersign.workspace_end e
WHERE e.erased_at IS NOT NULL AND (e.entry_idx IS NULL OR e.entry_epoch < $1) ORDER BY e.workspace_id LIMIT 1000
