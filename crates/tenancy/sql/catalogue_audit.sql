-- What must hold of the audit trail's tables: both triggers always on and really refusing, and the exact grants.
-- workspace_id is theirs too. A trigger's type is 27 for BEFORE UPDATE OR DELETE FOR EACH ROW, 34 for BEFORE TRUNCATE.
-- Functions are compared by SHA-256 of their bodies. Of a record a part may go, and the records of a workspace
-- that ended with their leaves, in the owner's name and in no other way; the functions that do it are the custodian's.
WITH refuse(digest) AS (VALUES ('8f11765882319302eada911d46140cf8aeae680a2343de0dc9463d683c246ac5')),
only_erase(digest) AS (VALUES ('dc402c8c97ced356472c63259ca1b1a9f88bd3e971d1b1bd4c103042e7bd9c80')),
only_end(digest) AS (VALUES ('15fbbe183e3d46945e51a9d4be7b83addac1bcca0457b007c68a516a422ea9a4')),
of_custodian(proname, digest) AS (VALUES
  ('erase_part', '57a3ab2eeb5cdffe51e9821f2710199b8258da63317aa72623dd49d6862b351c'),
  ('end_rows', '6d57560ccbf7787ab2c709a90cc29ed89c40c0acc0f67a3a7146c52429c193b8')),
wanted(relname, tgname, tgtype, digest) AS (
  SELECT 'record', 'no_mod', 27, o.digest FROM only_erase o
  UNION ALL SELECT 'leaf', 'no_mod', 27, o.digest FROM only_end o
  UNION ALL SELECT 'deployment_entry', 'no_mod', 27, f.digest FROM refuse f
  UNION ALL SELECT t.relname, 'no_trunc', 34, f.digest FROM refuse f, (VALUES ('record'), ('leaf'), ('deployment_entry')) AS t(relname)),
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
                      AND encode(sha256(convert_to(f.prosrc, 'UTF8')), 'hex') = w.digest)
  UNION ALL
  SELECT 'audit.' || w.proname, 'is not the function that erases what was ordered, or not the custodian''s alone'
  FROM of_custodian w
  WHERE NOT EXISTS (
    SELECT FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN pg_roles r ON r.oid = f.proowner
    WHERE n.nspname = 'audit' AND f.proname = w.proname AND encode(sha256(convert_to(f.prosrc, 'UTF8')), 'hex') = w.digest AND f.prosecdef
      AND r.rolname = 'countersign_owner' AND f.proconfig = ARRAY['search_path=pg_catalog, pg_temp']
      AND NOT EXISTS (SELECT FROM aclexplode(f.proacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
                      WHERE a.privilege_type = 'EXECUTE' AND coalesce(g.rolname, 'everybody') NOT IN ('countersign_owner', 'countersign_custody')))
  UNION ALL
  SELECT 'countersign.workspace_end', 'the application may do more than order an end and take it back'
  WHERE has_table_privilege($2::name, 'countersign.workspace_end', 'INSERT') OR has_any_column_privilege($2::name, 'countersign.workspace_end', 'UPDATE')
  UNION ALL
  SELECT 'countersign.workspace_end', 'what is closed may be forgotten'
  WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace, refuse f
                    WHERE n.nspname = 'countersign' AND c.relname = 'workspace_end' AND g.tgname = 'no_way_back' AND g.tgtype = 11 AND g.tgenabled = 'A'
                      AND EXISTS (SELECT FROM pg_proc o WHERE o.oid = g.tgfoid AND encode(sha256(convert_to(o.prosrc, 'UTF8')), 'hex') = f.digest))
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
