DELETE FROM countersign.login_bucket WHERE workspace_id = $1 AND bucket = $2
