SELECT b.bucket, greatest(0, b.level - greatest(0, extract(epoch FROM clock_timestamp() - b.updated_at)::double precision) * $3::double precision) AS level
FROM countersign.login_bucket b
WHERE b.workspace_id = $1 AND b.bucket = ANY ($2::bytea[])
