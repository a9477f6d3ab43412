-- The workspace's streams: how far each is, how far it is behind, and what waits among its dead letters.
SELECT s.stream_id, s.name, s.settings, s.settings_version, s.format, s.receiver, s.state, s.created_at, s.epoch, s.next_idx,
  s.sent_idx, s.attempts, s.due_at, s.last_sent_at, s.last_failed_at, s.failure, s.cut_last,
  greatest(coalesce(h.signed_size, 0) - s.next_idx, 0) AS lag_leaves,
  (SELECT extract(epoch FROM clock_timestamp() - r.ts)::double precision
   FROM audit.leaf l JOIN audit.record r ON r.workspace_id = l.workspace_id AND r.id = l.record_id
   WHERE l.workspace_id = s.workspace_id AND l.epoch = s.epoch AND l.idx = s.next_idx) AS lag_s,
  (SELECT count(*) FROM countersign.stream_dead d
   WHERE d.workspace_id = s.workspace_id AND d.stream_id = s.stream_id AND d.state = 'waiting') AS dead
FROM countersign.stream s LEFT JOIN audit.head h ON h.workspace_id = s.workspace_id AND h.epoch = s.epoch
WHERE s.workspace_id = $1 ORDER BY s.stream_id LIMIT $2
