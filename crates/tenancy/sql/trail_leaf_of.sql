SELECT l.epoch, l.idx
FROM audit.record r JOIN audit.leaf l ON l.workspace_id = r.workspace_id AND l.record_id = r.id
WHERE r.workspace_id = $1 AND r.rec = $2
