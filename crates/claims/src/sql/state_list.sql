SELECT s.check_code, s.outcome, s.observation, s.changed_at, s.last_run_at, s.last_pass_at, s.recorded_at, s.strip
FROM countersign.claim_state s WHERE s.workspace_id = $1 LIMIT 1000
