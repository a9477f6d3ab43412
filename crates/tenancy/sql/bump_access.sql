UPDATE countersign.workspace SET access_epoch = access_epoch + 1 WHERE workspace_id = $1
