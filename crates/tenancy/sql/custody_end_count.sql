UPDATE countersign.workspace_end SET row_count = row_count + $2 WHERE workspace_id = $1
