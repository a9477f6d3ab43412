-- How many tables the check walked; each carries a workspace_id.
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
  AND (has_any_column_privilege($2::name, c.oid, 'SELECT,INSERT,UPDATE') OR has_table_privilege($2::name, c.oid, 'SELECT,INSERT,UPDATE,DELETE'))
