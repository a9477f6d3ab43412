-- All records whose part under these keys is gone: how many, and SHA-256 over their ids in order.
SELECT count(*), pg_catalog.sha256(coalesce(string_agg(uuid_send(r.rec), ''::bytea ORDER BY r.rec), ''::bytea))
FROM audit.record r
WHERE r.workspace_id = $1
  AND CASE $2::text WHEN 'person' THEN r.person_part IS NULL AND r.person_key_no = ANY ($3::integer[])
                    ELSE r.period_part IS NULL AND r.period_key_no = ANY ($3::integer[]) END
