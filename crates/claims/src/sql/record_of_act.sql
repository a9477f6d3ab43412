SELECT r.rec, r.ts, r.action, p.actor_id, p.target_id, p.person_part, p.period_part,
       r.ts > clock_timestamp() - interval '1 hour' AS is_fresh
FROM audit.record r
JOIN audit.payload p ON p.workspace_id = $1 AND p.rec = r.rec
WHERE r.workspace_id = $1 AND r.action = $2 AND p.actor_id = $3
ORDER BY r.id DESC LIMIT 1
