SELECT r.id, r.rec, r.ts, r.action, p.actor_id, p.target_id, p.period_part, p.person_part, r.fields
FROM audit.payload p
JOIN audit.record r ON r.workspace_id = $1 AND r.rec = p.rec
WHERE p.workspace_id = $1 AND p.target_id = $3::uuid AND r.id < $2
  AND ($4::uuid IS NULL OR p.actor_id = $4) AND ($5::text IS NULL OR r.action = $5)
ORDER BY r.id DESC
LIMIT $6
