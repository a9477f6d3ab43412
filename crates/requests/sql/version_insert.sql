INSERT INTO countersign.process_version (workspace_id, process_id, version, state, hash, document, published_at, published_by)
VALUES ($1, $2, $3, 'published', $4, $5, clock_timestamp(), $6)
