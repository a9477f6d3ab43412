SELECT r.id, r.rec, r.ts, r.action, p.actor_id, p.target_id, p.period_part, p.person_part, r.fields
FROM audit.record r
JOIN audit.payload p ON p.workspace_id = $1 AND p.rec = r.rec
WHERE r.workspace_id = $1 AND r.id < $2 AND $3::uuid IS NULL
  AND ($4::uuid IS NULL OR p.actor_id = $4) AND ($5::text IS NULL OR r.action = $5)
ORDER BY r.id DESC
LIMIT $6
