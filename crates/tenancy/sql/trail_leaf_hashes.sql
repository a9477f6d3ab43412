SELECT l.hash FROM audit.leaf l
WHERE l.workspace_id = $1 AND l.epoch = $2 AND l.idx >= $3 AND l.idx < $4 ORDER BY l.idx
