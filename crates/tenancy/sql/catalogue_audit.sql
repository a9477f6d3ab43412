-- What must hold of the audit trail's tables: both triggers always on and really refusing, and the exact grants.
-- workspace_id is theirs too. A trigger's type is 27 for BEFORE UPDATE OR DELETE FOR EACH ROW, 34 for BEFORE TRUNCATE.
WITH wanted(relname, tgname, tgtype) AS (
  SELECT t.relname, w.tgname, w.tgtype FROM (VALUES ('record'), ('leaf'), ('deployment_entry')) AS t(relname),
    (VALUES ('no_mod', 27), ('no_trunc', 34)) AS w(tgname, tgtype)),
bad AS (
  SELECT 'audit.' || w.relname AS obj, 'trigger ' || w.tgname || ' is not enabled ALWAYS' AS why
  FROM wanted w
  WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = 'audit' AND c.relname = w.relname AND g.tgname = w.tgname AND g.tgenabled = 'A')
  UNION ALL
  SELECT 'audit.' || w.relname, 'trigger ' || w.tgname || ' does not refuse every change'
  FROM wanted w
  WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc f ON f.oid = g.tgfoid
                    WHERE n.nspname = 'audit' AND c.relname = w.relname AND g.tgname = w.tgname AND g.tgtype = w.tgtype
                      AND g.tgqual IS NULL AND coalesce(array_length(g.tgattr::int2[], 1), 0) = 0
                      AND f.prosrc = 'BEGIN RAISE EXCEPTION ''audit records are append-only'' USING ERRCODE = ''42501''; END')
  UNION ALL
  SELECT 'audit.' || c.relname, 'the application may ' || lower(p.privilege)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
       LATERAL (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER'), ('REFERENCES')) AS p(privilege)
  WHERE n.nspname = 'audit' AND n.nspname = ANY ($1::text[]) AND c.relkind = 'r'
    AND NOT (c.relname = 'record' AND p.privilege = 'INSERT')
    AND has_table_privilege($2::name, c.oid, p.privilege)
  UNION ALL
  SELECT 'audit.' || c.relname || '.' || a.attname, 'the application may update it'
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = 'audit' AND c.relname = 'record' AND NOT has_table_privilege($2::name, c.oid, 'UPDATE')
    AND has_column_privilege($2::name, c.oid, a.attnum, 'UPDATE')
  UNION ALL
  SELECT 'audit.record.' || a.attname, 'the application may set it itself'
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE n.nspname = 'audit' AND c.relname = 'record' AND a.attname IN ('id', 'xid', 'ts') AND has_column_privilege($2::name, c.oid, a.attnum, 'INSERT')
  UNION ALL
  SELECT 'countersign.' || c.relname, 'trigger ' || g.tgname || ' is disabled'
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'countersign' AND g.tgenabled = 'D'
)
SELECT obj, why FROM bad ORDER BY 1, 2
