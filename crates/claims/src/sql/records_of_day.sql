-- Bits of fields: 1 actor, 2 address, 4 device, 16 context. A field that was recorded has its digest, and its value in a sealed part.
SELECT count(*) AS records,
       count(*) FILTER (WHERE r.fields & 23 = 23 AND octet_length(r.digests) = 32 * bit_count(r.fields::integer::bit(16))
                          AND r.person_part IS NOT NULL AND r.period_part IS NOT NULL) AS whole
FROM audit.record r
WHERE r.workspace_id = $1 AND r.ts > clock_timestamp() - interval '1 day'
