SELECT s.session_id, s.person_id, p.audit_key_no, w.access_epoch, clock_timestamp() AS now, n.last_seen_at
FROM countersign.session s
JOIN countersign.session_seen n ON n.workspace_id = $1 AND n.session_id = s.session_id
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = s.person_id
JOIN countersign.workspace w ON w.workspace_id = $1
WHERE s.workspace_id = $1 AND s.token_hash = $2 AND s.ended_at IS NULL
  AND s.absolute_until > clock_timestamp()
  AND n.last_seen_at + make_interval(secs => s.idle_s) > clock_timestamp()
  AND p.state = 'active' AND p.credential_epoch = s.credential_epoch AND w.state = 'active'
