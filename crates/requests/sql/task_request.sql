SELECT t.request_id, t.stage, t.state, t.revision_hash FROM countersign.task t WHERE t.workspace_id = $1 AND t.task_id = $2
