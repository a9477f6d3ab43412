INSERT INTO countersign.session (workspace_id, session_id, person_id, token_hash, method, credential_epoch, absolute_until, idle_s, ip, user_agent)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7::double precision), $8, $9, $10)
