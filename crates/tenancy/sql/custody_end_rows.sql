-- Of the workspace that is set as the transaction's (app.workspace_id), and of no other.
SELECT audit.end_rows($1)
