INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos, shredded_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp()) RETURNING erasure_id
