SELECT extract(epoch FROM clock_timestamp() - e.made_at)::float8,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM audit.deployment_entry e WHERE e.epoch = $1 ORDER BY e.idx DESC LIMIT 1
