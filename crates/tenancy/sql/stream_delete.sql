DELETE FROM countersign.stream WHERE workspace_id = $1 AND stream_id = $2
