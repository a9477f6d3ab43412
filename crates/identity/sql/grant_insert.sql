INSERT INTO countersign.access_grant (workspace_id, grant_id, principal_kind, principal_id, role, level, target_id, granted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT access_grant_once DO NOTHING
