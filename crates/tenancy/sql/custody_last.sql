-- The log's last checkpoint, and whether it is the last one for good: whatever was under way at the closing has ended, every
-- record has its leaf, the deployment's log knows of all, and no stream is behind that could still catch up within an hour.
SELECT h.checkpoint,
  e.closed_at < clock_timestamp() - make_interval(secs => $2)
  AND h.signed_size = h.size AND h.anchored_size = h.size
  AND NOT EXISTS (
    SELECT FROM audit.record r WHERE r.workspace_id = $1 AND NOT EXISTS (
      SELECT FROM audit.leaf l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.epoch = h.epoch))
  AND (e.closed_at < clock_timestamp() - interval '1 hour' OR NOT EXISTS (
    SELECT FROM countersign.stream s WHERE s.workspace_id = $1 AND s.state = 'active' AND s.sent_idx < h.signed_size))
FROM audit.head h JOIN countersign.workspace_end e ON e.workspace_id = h.workspace_id
WHERE h.workspace_id = $1 ORDER BY h.epoch DESC LIMIT 1
