SELECT e.ordered_at, e.closed_at, e.shredded_at, clock_timestamp(), e.key_count, e.key_digest, e.row_count, e.checkpoint
FROM countersign.workspace_end e WHERE e.workspace_id = $1 AND e.shredded_at IS NOT NULL AND e.erased_at IS NULL FOR UPDATE
