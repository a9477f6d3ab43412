INSERT INTO countersign.outbox (workspace_id, outbox_id, kind, effect_key, payload, due_at)
VALUES ($1, $2, $3, $4, $5::text::jsonb, clock_timestamp())
ON CONFLICT ON CONSTRAINT outbox_effect_once DO NOTHING
