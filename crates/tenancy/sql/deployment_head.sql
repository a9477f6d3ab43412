-- Of the newest epoch alone: what an earlier one ended with is not shown as how the log stands.
SELECT h.epoch, h.signed_size, h.checkpoint FROM audit.head h
WHERE h.workspace_id = $1 AND h.checkpoint IS NOT NULL
  AND h.epoch = (SELECT max(n.epoch) FROM audit.head n WHERE n.workspace_id = $1)
