SELECT e.workspace_id, e.erased_at, e.certificate, e.checkpoint, e.vkey, e.entry_epoch, e.entry_idx
FROM countersign.workspace_end e WHERE e.workspace_id = $1 AND e.erased_at IS NOT NULL
