SELECT count(*), count(*) FILTER (WHERE r.fields & 23 = 23 AND p.period_part IS NOT NULL AND p.person_part IS NOT NULL)
FROM audit.record r
LEFT JOIN audit.payload p ON p.workspace_id = $1 AND p.rec = r.rec
WHERE r.workspace_id = $1 AND r.ts > clock_timestamp() - interval '1 day'
