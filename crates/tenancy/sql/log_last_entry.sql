-- Seconds since the newest entry of the deployment's log, none before its first; and the time in microseconds since 1970.
SELECT (SELECT extract(epoch FROM clock_timestamp() - e.made_at)::float8
        FROM audit.deployment_entry e WHERE e.epoch = $1 ORDER BY e.idx DESC LIMIT 1),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
