UPDATE countersign.workspace SET state = 'ended', access_epoch = access_epoch + 1 WHERE workspace_id = $1
