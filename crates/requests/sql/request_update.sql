UPDATE countersign.request
SET state = $3, stage = $4, revision_no = $5, revision_hash = $6, event_no = $7, title = $8, engine = $9,
    submitted_at = coalesce(submitted_at, $10), stage_since = CASE WHEN stage IS DISTINCT FROM $4 THEN clock_timestamp() ELSE stage_since END,
    ended_at = $11
WHERE workspace_id = $1 AND request_id = $2 AND event_no = $12
