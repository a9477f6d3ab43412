-- Of these keys, those that sealed a part which is there.
SELECT DISTINCT 'person' AS part, r.person_key_no AS key_no FROM audit.record r
WHERE r.workspace_id = $1 AND r.person_part IS NOT NULL AND r.person_key_no = ANY ($2::integer[])
UNION ALL
SELECT DISTINCT 'period', r.period_key_no FROM audit.record r
WHERE r.workspace_id = $1 AND r.period_part IS NOT NULL AND r.period_key_no = ANY ($2::integer[])
