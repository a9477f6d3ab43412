-- Zero rows when good. $1 schemas, $2 role. The expected policy is read from the workspace table on this server,
-- because PostgreSQL's majors print expressions differently. Looks at workspace_id in every key.
WITH ref AS (SELECT coalesce((SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p JOIN pg_class k ON k.oid = p.polrelid JOIN pg_namespace m ON m.oid = k.relnamespace WHERE m.nspname = 'countersign' AND k.relname = 'workspace' AND p.polname = 'tenant'), 'no reference policy') AS expr),
t AS (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r','p','f','v','m') AND (has_any_column_privilege($2::name, c.oid, 'SELECT,INSERT,UPDATE,REFERENCES') OR has_table_privilege($2::name, c.oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER'))
), bad AS (
  SELECT nspname||'.'||relname AS obj, 'RLS not enabled' AS why FROM t WHERE relkind IN('r','p') AND NOT relrowsecurity 
  UNION ALL SELECT nspname||'.'||relname, 'RLS not FORCED' FROM t WHERE relkind IN('r','p') AND NOT relforcerowsecurity 
  UNION ALL SELECT nspname||'.'||relname, 'foreign table (RLS impossible)' FROM t WHERE relkind='f'
  UNION ALL SELECT nspname||'.'||relname, 'materialized view readable by app role (RLS impossible)' FROM t WHERE relkind='m' 
  UNION ALL SELECT t.nspname||'.'||t.relname, 'view without security_invoker' FROM t JOIN pg_class c ON c.oid=t.oid WHERE t.relkind='v' AND NOT coalesce(c.reloptions::text[] && array['security_invoker=true','security_invoker=on','security_invoker=1'],false)
  UNION ALL SELECT nspname||'.'||relname, 'no workspace_id uuid NOT NULL' FROM t WHERE relkind IN('r','p') AND NOT EXISTS(SELECT FROM pg_attribute a WHERE a.attrelid=t.oid AND a.attname='workspace_id' AND a.atttypid='uuid'::regtype AND a.attnotnull) 
  UNION ALL SELECT nspname||'.'||relname, 'no canonical policy for app role' FROM t WHERE relkind IN('r','p') AND NOT EXISTS( SELECT FROM pg_policy p WHERE p.polrelid=t.oid AND p.polcmd='*' AND pg_get_expr(p.polqual,p.polrelid)=(SELECT expr FROM ref) AND coalesce(pg_get_expr(p.polwithcheck,p.polrelid),(SELECT expr FROM ref))=(SELECT expr FROM ref) AND (p.polroles='{0}' OR EXISTS(SELECT FROM unnest(p.polroles) r WHERE pg_has_role($2::name,r,'MEMBER'))))
  UNION ALL SELECT nspname||'.'||relname, 'extra permissive policy '||p.polname FROM t JOIN pg_policy p ON p.polrelid=t.oid WHERE p.polpermissive AND (p.polroles='{0}' OR EXISTS(SELECT FROM unnest(p.polroles) r WHERE pg_has_role($2::name,r,'MEMBER'))) AND (pg_get_expr(p.polqual,p.polrelid) IS DISTINCT FROM (SELECT expr FROM ref) OR coalesce(pg_get_expr(p.polwithcheck,p.polrelid),(SELECT expr FROM ref))<>(SELECT expr FROM ref))
  UNION ALL SELECT nspname||'.'||relname, 'app role can TRUNCATE (RLS does not apply)' FROM t WHERE relkind IN('r','p') AND has_table_privilege($2::name,oid,'TRUNCATE') 
  UNION ALL SELECT nspname||'.'||relname, 'app role owns or is member of owner' FROM t WHERE pg_has_role($2::name,relowner,'MEMBER')
  UNION ALL SELECT conrelid::regclass::text, 'unique/PK '||conname||' not prefixed by workspace_id' FROM pg_constraint k JOIN t ON t.oid=k.conrelid WHERE contype IN('p','u') AND (SELECT attname FROM pg_attribute WHERE attrelid=k.conrelid AND attnum=k.conkey[1])<>'workspace_id'
  UNION ALL SELECT i.indrelid::regclass::text, 'unique index '||i.indexrelid::regclass||' does not start with workspace_id' FROM pg_index i JOIN t ON t.oid=i.indrelid WHERE i.indisunique AND NOT EXISTS(SELECT FROM pg_attribute a WHERE a.attrelid=i.indrelid AND a.attname='workspace_id' AND a.attnum=i.indkey[0])
  UNION ALL SELECT conrelid::regclass::text, 'FK '||conname||' does not carry workspace_id' FROM pg_constraint k JOIN t ON t.oid=k.conrelid JOIN pg_class f ON f.oid=k.confrelid WHERE contype='f' AND NOT EXISTS(SELECT FROM pg_attribute a WHERE a.attrelid=k.conrelid AND a.attnum=ANY(k.conkey) AND a.attname='workspace_id')
  UNION ALL SELECT rolname, 'role is superuser/BYPASSRLS/CREATEROLE/REPLICATION or can reach one' FROM pg_roles r WHERE pg_has_role($2::name,r.oid,'MEMBER') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)
  UNION ALL SELECT r.rolname, 'app role is member of '||r.rolname FROM pg_roles r WHERE r.rolname IN('pg_read_all_data','pg_write_all_data','pg_read_server_files','pg_write_server_files','pg_execute_server_program') AND pg_has_role($2::name,r.oid,'MEMBER')
  UNION ALL SELECT p.oid::regprocedure::text, 'SECURITY DEFINER function executable by app role' FROM pg_proc p JOIN pg_namespace n ON n.oid=p.pronamespace WHERE p.prosecdef AND n.nspname<>'pg_catalog' AND has_function_privilege($2::name,p.oid,'EXECUTE') 
  UNION ALL SELECT 'db', 'app role may create objects' WHERE has_database_privilege($2::name,current_database(),'CREATE')
  UNION ALL SELECT 'schema '||n.nspname, 'app role may create objects' FROM pg_namespace n WHERE n.nspname = ANY($1::text[]) AND has_schema_privilege($2::name,n.oid,'CREATE')

  UNION ALL SELECT 'countersign.workspace', 'the reference policy is not the workspace setting' FROM ref WHERE expr NOT LIKE '%workspace_id = (current_setting(''app.workspace_id''::text))::uuid%'
)
SELECT obj, why FROM bad ORDER BY 1,2
