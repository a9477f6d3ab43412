SELECT h.workspace_id, h.size, h.frontier FROM audit.head h
WHERE h.epoch = $1 AND ($2::uuid IS NULL OR h.workspace_id > $2) ORDER BY h.workspace_id LIMIT $3
