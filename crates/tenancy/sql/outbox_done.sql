-- By the key, not by the partial index over what is due (outbox_open.sql).
UPDATE countersign.outbox SET state = 'done', done_at = clock_timestamp(), locked_until = NULL
WHERE workspace_id = $1 AND outbox_id = $2 AND (state = 'due') IS NOT FALSE
