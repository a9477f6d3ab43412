SELECT EXISTS (SELECT FROM countersign.checkpoint_mail c WHERE c.workspace_id = $1 AND c.person_id = $2)
