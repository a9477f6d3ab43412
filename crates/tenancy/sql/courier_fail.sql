-- By the key, not by the partial index over what is due (outbox_open.sql).
UPDATE countersign.outbox SET locked_until = NULL, due_at = clock_timestamp() + make_interval(secs => $3),
       state = $4, last_error_code = $5
WHERE workspace_id = $1 AND outbox_id = $2 AND (state = 'due') IS NOT FALSE
