INSERT INTO countersign.claim_state (workspace_id, check_code, outcome, observation, changed_at, last_run_at, last_pass_at, recorded_at, strip)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), $8)
ON CONFLICT ON CONSTRAINT claim_state_pk DO UPDATE
SET outcome = excluded.outcome, observation = excluded.observation, changed_at = excluded.changed_at,
    last_run_at = excluded.last_run_at, last_pass_at = excluded.last_pass_at, recorded_at = excluded.recorded_at, strip = excluded.strip
