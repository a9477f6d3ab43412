SELECT l.link_id, l.purpose, l.person_id, l.credential_epoch, l.expires_at, p.profile
FROM countersign.one_time_link l
JOIN countersign.person p ON p.workspace_id = $1 AND p.person_id = l.person_id AND p.credential_epoch = l.credential_epoch
WHERE l.workspace_id = $1 AND l.token_hash = $2 AND l.used_at IS NULL AND l.expires_at > clock_timestamp()
  AND ((l.purpose = 'invite' AND p.state = 'invited') OR (l.purpose = 'sign_in' AND p.state = 'active'))
