SELECT e.idx, e.of_size, e.entry FROM audit.deployment_entry e
WHERE e.epoch = $1 AND e.of_workspace = $2 ORDER BY e.idx DESC LIMIT 1
