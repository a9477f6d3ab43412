INSERT INTO countersign.grp (workspace_id, group_id, name, name_bidx) VALUES ($1, $2, $3, $4)
