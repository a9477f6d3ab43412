SELECT w.access_epoch, clock_timestamp() AS now FROM countersign.workspace w WHERE w.workspace_id = $1 AND w.state = 'active'
