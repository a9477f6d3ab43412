SELECT e.hash FROM audit.deployment_entry e WHERE e.epoch = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx
