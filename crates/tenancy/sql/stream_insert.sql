INSERT INTO countersign.stream (workspace_id, stream_id, name, settings, format, receiver, epoch, next_idx, sent_idx)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
