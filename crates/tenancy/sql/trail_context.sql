SELECT count(*), count(*) FILTER (WHERE r.fields & 23 = 23 AND r.period_part IS NOT NULL AND r.person_part IS NOT NULL)
FROM audit.record r
WHERE r.workspace_id = $1 AND r.ts > clock_timestamp() - interval '1 day'
