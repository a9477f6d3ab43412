INSERT INTO countersign.login_bucket (workspace_id, bucket, level) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT login_bucket_pk DO UPDATE SET level = excluded.level, updated_at = clock_timestamp()
