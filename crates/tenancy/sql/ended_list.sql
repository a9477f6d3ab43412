SELECT e.workspace_id, e.erased_at, e.certificate, e.checkpoint, e.vkey, e.entry_epoch, e.entry_idx
FROM countersign.workspace_end e WHERE e.erased_at IS NOT NULL ORDER BY e.erased_at DESC LIMIT $1
