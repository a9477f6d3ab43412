-- The state is asked so that the partial index over what is due does not answer: made over few rows, a plan that takes it
-- reads the whole backlog of the workspace for each effect.
SELECT o.kind, o.payload::text AS payload FROM countersign.outbox o
WHERE o.workspace_id = $1 AND o.outbox_id = $2 AND (o.state = 'due') IS NOT FALSE FOR UPDATE
