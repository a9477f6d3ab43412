INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests, actor_id, target_id,
  period_key_no, period_part, person_key_no, person_part)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
