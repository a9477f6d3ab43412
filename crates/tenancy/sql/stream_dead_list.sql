SELECT d.dead_id, d.epoch, d.first_idx, d.last_idx, d.failure, d.attempts, d.state, d.died_at, d.settled_at
FROM countersign.stream_dead d WHERE d.workspace_id = $1 AND d.stream_id = $2 ORDER BY d.died_at DESC LIMIT $3
