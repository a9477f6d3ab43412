UPDATE countersign.person
SET state = 'active', email_verified_at = coalesce(email_verified_at, clock_timestamp()), last_sign_in_at = clock_timestamp()
WHERE workspace_id = $1 AND person_id = $2 AND state IN ('invited', 'active')
