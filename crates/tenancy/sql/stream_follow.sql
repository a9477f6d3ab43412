-- The log began anew: the records of before lie there behind as many records as opened epochs since. Of an epoch that was not
-- opened by one, nothing was sent.
UPDATE countersign.stream s SET epoch = $4, next_idx = 0, sent_idx = 0, sent_size = 0, attempts = 0, failure = NULL,
  resume_idx   = CASE WHEN o.openings > 0 THEN s.next_idx + o.openings END,
  resume_epoch = CASE WHEN o.openings > 0 THEN s.epoch END,
  resume_next  = CASE WHEN o.openings > 0 THEN s.next_idx END
FROM (SELECT count(*) AS openings FROM audit.opening o, countersign.stream s
      WHERE s.workspace_id = $1 AND s.stream_id = $2 AND o.workspace_id = s.workspace_id AND o.epoch > s.epoch AND o.epoch <= $4
        AND o.told) o
WHERE s.workspace_id = $1 AND s.stream_id = $2 AND s.lock_id = $3 AND s.state = 'active' AND s.epoch < $4
  AND s.cut_last IS NULL AND s.resume_idx IS NULL
