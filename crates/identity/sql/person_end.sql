UPDATE countersign.person SET state = 'ended', credential_epoch = credential_epoch + 1
WHERE workspace_id = $1 AND person_id = $2 AND state <> 'ended'
