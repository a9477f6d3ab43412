INSERT INTO countersign.stream_dead (workspace_id, stream_id, dead_id, epoch, first_idx, last_idx, failure, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
