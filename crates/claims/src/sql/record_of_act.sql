SELECT r.rec, r.ts, r.action, r.actor_id, r.target_id, r.person_part, r.period_part,
       r.ts > clock_timestamp() - interval '1 hour' AS is_fresh
FROM audit.record r
WHERE r.workspace_id = $1 AND r.action = $2 AND r.actor_id = $3
ORDER BY r.id DESC LIMIT 1
