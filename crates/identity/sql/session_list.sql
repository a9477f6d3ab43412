SELECT s.session_id, s.method, s.created_at, n.last_seen_at, s.ip, s.user_agent
FROM countersign.session s
JOIN countersign.session_seen n ON n.workspace_id = $1 AND n.session_id = s.session_id
WHERE s.workspace_id = $1 AND s.person_id = $2 AND s.ended_at IS NULL AND s.absolute_until > clock_timestamp()
  AND n.last_seen_at + make_interval(secs => s.idle_s) > clock_timestamp()
ORDER BY s.session_id DESC
LIMIT $3
