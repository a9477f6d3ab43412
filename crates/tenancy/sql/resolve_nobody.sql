SELECT clock_timestamp() AS now, (SELECT w.state FROM countersign.workspace w WHERE w.workspace_id = $1) AS state
