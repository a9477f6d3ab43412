SELECT count(*) FROM countersign.stream s WHERE s.workspace_id = $1
