SELECT extract(epoch FROM clock_timestamp() - e.made_at)::float8
FROM audit.deployment_entry e ORDER BY e.epoch DESC, e.idx DESC LIMIT 1
