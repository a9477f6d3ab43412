INSERT INTO countersign.one_time_link (workspace_id, link_id, purpose, person_id, token_hash, credential_epoch, issued_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8::double precision))
