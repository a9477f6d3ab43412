//! The live check of the catalogue: nothing on a good database, something for every mutant, nothing after its repair.

use testkit::TestDb;

/// What is broken, by which statements, and how it is repaired. The statements run as the superuser.
struct Mutant {
    what: &'static str,
    break_it: &'static str,
    repair: &'static str,
}

const fn mutant(what: &'static str, break_it: &'static str, repair: &'static str) -> Mutant {
    Mutant { what, break_it, repair }
}

/// Mutants of one table's row security, its policy and its reach.
const OF_ROWS: &[Mutant] = &[
    mutant(
        "no FORCE",
        "ALTER TABLE countersign.request NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE countersign.request FORCE ROW LEVEL SECURITY",
    ),
    mutant(
        "row security disabled",
        "ALTER TABLE countersign.task DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE countersign.task ENABLE ROW LEVEL SECURITY",
    ),
    mutant(
        "an extra permissive policy",
        "CREATE POLICY extra ON countersign.request TO countersign_app USING (true)",
        "DROP POLICY extra ON countersign.request",
    ),
    mutant(
        "an extra permissive policy to everybody",
        "CREATE POLICY extra ON countersign.comment FOR SELECT USING (true)",
        "DROP POLICY extra ON countersign.comment",
    ),
    mutant(
        "WITH CHECK true",
        "ALTER POLICY tenant ON countersign.decision WITH CHECK (true)",
        "ALTER POLICY tenant ON countersign.decision
           WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid)",
    ),
    mutant(
        "a policy that forgives an unset setting",
        "ALTER POLICY tenant ON countersign.grp USING (workspace_id = current_setting('app.workspace_id', true)::uuid)",
        "ALTER POLICY tenant ON countersign.grp USING (workspace_id = current_setting('app.workspace_id')::uuid)",
    ),
    mutant(
        "a dropped policy",
        "DROP POLICY tenant ON countersign.comment",
        "CREATE POLICY tenant ON countersign.comment TO countersign_app
           USING (workspace_id = current_setting('app.workspace_id')::uuid)
           WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid)",
    ),
    mutant(
        "the reference policy replaced",
        "ALTER POLICY tenant ON countersign.workspace USING (true) WITH CHECK (true)",
        "ALTER POLICY tenant ON countersign.workspace
           USING (workspace_id = current_setting('app.workspace_id')::uuid)
           WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid)",
    ),
    mutant(
        "every policy replaced alike, the reference with them",
        "DO $$DECLARE t record; BEGIN FOR t IN SELECT polrelid::regclass AS name FROM pg_policy WHERE polname = 'tenant'
           LOOP EXECUTE format('ALTER POLICY tenant ON %s USING (true) WITH CHECK (true)', t.name); END LOOP; END$$",
        "DO $$DECLARE t record; BEGIN FOR t IN SELECT polrelid::regclass AS name FROM pg_policy WHERE polname = 'tenant'
           LOOP EXECUTE format('ALTER POLICY tenant ON %s
             USING (workspace_id = current_setting(''app.workspace_id'')::uuid)
             WITH CHECK (workspace_id = current_setting(''app.workspace_id'')::uuid)', t.name); END LOOP; END$$",
    ),
    mutant(
        "a new table without row security",
        "CREATE TABLE countersign.leaky (workspace_id uuid NOT NULL PRIMARY KEY);
         GRANT SELECT ON countersign.leaky TO countersign_app",
        "DROP TABLE countersign.leaky",
    ),
    mutant(
        "a table in public",
        "CREATE TABLE public.leaky (workspace_id uuid NOT NULL PRIMARY KEY); GRANT SELECT ON public.leaky TO PUBLIC",
        "DROP TABLE public.leaky",
    ),
    mutant(
        "a view without security_invoker",
        "CREATE VIEW countersign.leaky AS SELECT * FROM countersign.request;
         GRANT SELECT ON countersign.leaky TO countersign_app",
        "DROP VIEW countersign.leaky",
    ),
    mutant(
        "a materialised view",
        "CREATE MATERIALIZED VIEW countersign.leaky AS SELECT * FROM countersign.request;
         GRANT SELECT ON countersign.leaky TO countersign_app",
        "DROP MATERIALIZED VIEW countersign.leaky",
    ),
    mutant(
        "a partition's child granted",
        "CREATE TABLE countersign.parted (workspace_id uuid NOT NULL, PRIMARY KEY (workspace_id)) PARTITION BY HASH (workspace_id);
         CREATE TABLE countersign.parted_0 PARTITION OF countersign.parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
         GRANT SELECT ON countersign.parted_0 TO countersign_app",
        "DROP TABLE countersign.parted",
    ),
];

/// Mutants of keys: what would let one workspace learn of another by a refusal.
const OF_KEYS: &[Mutant] = &[
    mutant(
        "a unique constraint that does not start with the workspace",
        "ALTER TABLE countersign.person ADD CONSTRAINT leaky UNIQUE (person_id)",
        "ALTER TABLE countersign.person DROP CONSTRAINT leaky",
    ),
    mutant(
        "a unique constraint with the workspace last",
        "ALTER TABLE countersign.person ADD CONSTRAINT leaky UNIQUE (person_id, workspace_id)",
        "ALTER TABLE countersign.person DROP CONSTRAINT leaky",
    ),
    mutant(
        "a unique index that does not start with the workspace",
        "CREATE UNIQUE INDEX leaky ON countersign.person (email_bidx, workspace_id)",
        "DROP INDEX countersign.leaky",
    ),
    mutant(
        "a unique index on an expression",
        "CREATE UNIQUE INDEX leaky ON countersign.person ((person_id::text))",
        "DROP INDEX countersign.leaky",
    ),
    mutant(
        "a foreign key without the workspace",
        "CREATE TABLE countersign.plain (plain_id uuid PRIMARY KEY);
         ALTER TABLE countersign.comment ADD COLUMN plain_id uuid CONSTRAINT leaky REFERENCES countersign.plain (plain_id)",
        "ALTER TABLE countersign.comment DROP COLUMN plain_id; DROP TABLE countersign.plain",
    ),
];

/// Mutants of the application's role.
const OF_ROLES: &[Mutant] = &[
    mutant(
        "TRUNCATE granted",
        "GRANT TRUNCATE ON countersign.comment TO countersign_app",
        "REVOKE TRUNCATE ON countersign.comment FROM countersign_app",
    ),
    mutant(
        "a SECURITY DEFINER function",
        "CREATE FUNCTION countersign.leaky() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';
         GRANT EXECUTE ON FUNCTION countersign.leaky() TO countersign_app",
        "DROP FUNCTION countersign.leaky()",
    ),
    mutant(
        "CREATE on a schema",
        "GRANT CREATE ON SCHEMA countersign TO countersign_app",
        "REVOKE CREATE ON SCHEMA countersign FROM countersign_app",
    ),
    mutant(
        "CREATE on the database",
        "DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO countersign_app', current_database()); END$$",
        "DO $$BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM countersign_app', current_database()); END$$",
    ),
    mutant(
        "a table owned by the application",
        "ALTER TABLE countersign.comment OWNER TO countersign_app",
        "ALTER TABLE countersign.comment OWNER TO countersign_owner;
         GRANT SELECT, INSERT ON countersign.comment TO countersign_app",
    ),
];

/// Mutants of the trail.
const OF_THE_TRAIL: &[Mutant] = &[
    mutant(
        "the trigger disabled",
        "ALTER TABLE audit.record DISABLE TRIGGER no_mod",
        "ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "the trigger silent for replicas",
        "ALTER TABLE audit.record ENABLE TRIGGER no_mod",
        "ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "the truncate trigger dropped",
        "DROP TRIGGER no_trunc ON audit.record",
        "CREATE TRIGGER no_trunc BEFORE TRUNCATE ON audit.record FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_trunc",
    ),
    mutant(
        "the trigger made harmless",
        "CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$BEGIN RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = '42501'; END$$",
    ),
    mutant(
        "the trigger made conditional",
        "DROP TRIGGER no_mod ON audit.record;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW WHEN (OLD.action = 'x')
           EXECUTE FUNCTION audit.only_erase();
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
        "DROP TRIGGER no_mod ON audit.record;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.only_erase();
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "the function that lets parts go lets everything go",
        "ALTER FUNCTION audit.only_erase() RENAME TO only_erase_kept;
         CREATE FUNCTION audit.only_erase() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         DROP TRIGGER no_mod ON audit.record;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.only_erase();
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
        "DROP TRIGGER no_mod ON audit.record;
         DROP FUNCTION audit.only_erase();
         ALTER FUNCTION audit.only_erase_kept() RENAME TO only_erase;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.only_erase();
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "everybody may erase",
        "GRANT EXECUTE ON FUNCTION audit.erase_part(uuid, integer) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION audit.erase_part(uuid, integer) FROM PUBLIC",
    ),
    mutant(
        "the function that erases finds its tables by the caller's path",
        "ALTER FUNCTION audit.erase_part(uuid, integer) SET search_path = public",
        "ALTER FUNCTION audit.erase_part(uuid, integer) SET search_path = pg_catalog, pg_temp",
    ),
    mutant(
        "UPDATE on records",
        "GRANT UPDATE ON audit.record TO countersign_app",
        "REVOKE UPDATE ON audit.record FROM countersign_app",
    ),
    mutant(
        "UPDATE on one column of records",
        "GRANT UPDATE (person_part) ON audit.record TO countersign_app",
        "REVOKE UPDATE (person_part) ON audit.record FROM countersign_app",
    ),
    mutant(
        "DELETE on records",
        "GRANT DELETE ON audit.record TO countersign_app",
        "REVOKE DELETE ON audit.record FROM countersign_app",
    ),
    mutant(
        "the time of a record may be chosen",
        "GRANT INSERT (ts) ON audit.record TO countersign_app",
        "REVOKE INSERT (ts) ON audit.record FROM countersign_app",
    ),
    mutant(
        "INSERT on leaves",
        "GRANT INSERT ON audit.leaf TO countersign_app",
        "REVOKE INSERT ON audit.leaf FROM countersign_app",
    ),
    mutant(
        "UPDATE on heads",
        "GRANT UPDATE ON audit.head TO countersign_app",
        "REVOKE UPDATE ON audit.head FROM countersign_app",
    ),
    mutant(
        "everybody deletes the rows of a workspace",
        "GRANT EXECUTE ON FUNCTION audit.end_rows(integer) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION audit.end_rows(integer) FROM PUBLIC",
    ),
    mutant(
        "leaves go with whoever asks",
        "ALTER FUNCTION audit.only_end() RENAME TO only_end_kept;
         CREATE FUNCTION audit.only_end() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
         DROP TRIGGER no_mod ON audit.leaf;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.leaf FOR EACH ROW EXECUTE FUNCTION audit.only_end();
         ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod",
        "DROP TRIGGER no_mod ON audit.leaf;
         DROP FUNCTION audit.only_end();
         ALTER FUNCTION audit.only_end_kept() RENAME TO only_end;
         CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.leaf FOR EACH ROW EXECUTE FUNCTION audit.only_end();
         ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "an end that was begun may be forgotten",
        "ALTER TABLE countersign.workspace_end DISABLE TRIGGER no_way_back",
        "ALTER TABLE countersign.workspace_end ENABLE ALWAYS TRIGGER no_way_back",
    ),
    mutant(
        "the application closes workspaces",
        "GRANT UPDATE ON countersign.workspace_end TO countersign_app",
        "REVOKE UPDATE ON countersign.workspace_end FROM countersign_app",
    ),
    mutant(
        "the trigger of leaves ordinary again",
        "ALTER TABLE audit.leaf ENABLE TRIGGER no_mod",
        "ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod",
    ),
    mutant(
        "the trigger of the deployment's entries off",
        "ALTER TABLE audit.deployment_entry DISABLE TRIGGER no_trunc",
        "ALTER TABLE audit.deployment_entry ENABLE ALWAYS TRIGGER no_trunc",
    ),
];

/// Roles belong to the whole server, so these are made and unmade inside one transaction that never commits.
const OF_THE_SERVER: &[(&str, &str)] = &[
    ("BYPASSRLS", "ALTER ROLE countersign_app BYPASSRLS"),
    ("superuser", "ALTER ROLE countersign_app SUPERUSER"),
    ("membership in the owner", "GRANT countersign_owner TO countersign_app"),
    ("membership in a role that bypasses", "GRANT countersign_migrate TO countersign_app"),
    ("membership in pg_read_all_data", "GRANT pg_read_all_data TO countersign_app"),
];

async fn findings(db: &TestDb) -> Vec<String> {
    let found = db.db.catalogue().await.unwrap();
    assert_eq!(found.tables, tenancy::attempts::TENANT_TABLES.len() as u64 + extra_tables(db).await);
    found.findings.iter().map(|finding| format!("{}: {}", finding.object, finding.why)).collect()
}

/// Tables that a mutant added and granted.
async fn extra_tables(db: &TestDb) -> u64 {
    let sql = "SELECT count(*) FROM pg_class WHERE relname IN ('leaky', 'parted_0') AND relkind = 'r'";
    u64::try_from(db.owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)).unwrap()
}

async fn catches(mutants: &[Mutant]) {
    let db = TestDb::new().await;
    assert_eq!(findings(&db).await, Vec::<String>::new(), "before");
    let mut missed = Vec::new();
    for mutant in mutants {
        db.owner.batch_execute(mutant.break_it).await.unwrap_or_else(|error| panic!("{}: {error:?}", mutant.what));
        if findings(&db).await.is_empty() {
            missed.push(mutant.what);
        }
        db.owner.batch_execute(mutant.repair).await.unwrap_or_else(|error| panic!("{}: {error:?}", mutant.what));
        assert_eq!(findings(&db).await, Vec::<String>::new(), "after the repair of: {}", mutant.what);
    }
    assert_eq!(missed, Vec::<&str>::new(), "mutants that were not caught");
}

#[tokio::test]
async fn catches_every_mutant_of_row_security() {
    catches(OF_ROWS).await;
}

#[tokio::test]
async fn catches_every_mutant_of_keys() {
    catches(OF_KEYS).await;
}

#[tokio::test]
async fn catches_every_mutant_of_the_roles() {
    catches(OF_ROLES).await;
}

#[tokio::test]
async fn catches_every_mutant_of_the_trail() {
    catches(OF_THE_TRAIL).await;
}

/// The statement of the check run where it sees an uncommitted change.
#[tokio::test]
async fn catches_every_mutant_of_the_server_s_roles() {
    let db = TestDb::new().await;
    let check = include_str!("../../crates/tenancy/sql/catalogue_check.sql");
    let schemas: &[&str] = &["countersign", "audit", "platform", "ext", "public"];
    for (what, break_it) in OF_THE_SERVER {
        db.owner.batch_execute("BEGIN").await.unwrap();
        let before = db.owner.query(check, &[&schemas, &"countersign_app"]).await.unwrap();
        db.owner.batch_execute(break_it).await.unwrap();
        let during = db.owner.query(check, &[&schemas, &"countersign_app"]).await.unwrap();
        db.owner.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!((before.len(), during.is_empty()), (0, false), "{what}");
    }
    assert_eq!(findings(&db).await, Vec::<String>::new());
}
