SELECT count(*) FROM countersign.one_time_link l
WHERE l.workspace_id = $1 AND l.person_id = $2 AND l.created_at > clock_timestamp() - interval '1 hour'
