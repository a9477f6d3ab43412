SELECT o.kind, o.payload::text AS payload FROM countersign.outbox o WHERE o.workspace_id = $1 AND o.outbox_id = $2 AND o.state = 'due' FOR UPDATE
