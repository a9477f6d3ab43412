SELECT e.idx, e.entry, CASE WHEN e.of_workspace = $4 THEN e.of_size END
FROM audit.deployment_entry e WHERE e.epoch = $1 AND e.idx >= $2 ORDER BY e.idx LIMIT $3
