SELECT r.id, r.rec, r.ts, r.action, r.actor_id, r.target_id, r.period_part, r.person_part, r.fields
FROM audit.record r
WHERE r.workspace_id = $1 AND r.id < $2 AND $3::uuid IS NULL
  AND ($4::uuid IS NULL OR r.actor_id = $4) AND ($5::text IS NULL OR r.action = $5)
ORDER BY r.id DESC
LIMIT $6
