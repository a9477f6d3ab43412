INSERT INTO countersign.person (workspace_id, person_id, state, email_bidx, profile, manager_id, audit_key_no)
VALUES ($1, $2, $3, $4, $5, $6, $7)
