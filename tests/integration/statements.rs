//! Every statement of every room is prepared as its role, and its parameters and columns are what the code expects.

use tenancy::Sql;
use testkit::TestDb;

use crate::support::golden;

const ROOMS: &[(&str, &[&Sql])] = &[
    ("tenancy", tenancy::statements::ALL),
    ("identity", identity::statements::ALL),
    ("requests", requests::statements::ALL),
    ("claims", claims::statements::ALL),
];

/// The roles that run a statement.
fn roles_of(name: &str) -> &'static [&'static str] {
    match name {
        "route_by_slug.sql" => &["countersign_auth", "countersign_operator"],
        name if name.starts_with("route_") => &["countersign_operator"],
        name if name.starts_with("custody_") => &["countersign_custody"],
        name if name.starts_with("courier_") => &["countersign_worker"],
        name if name.starts_with("courier_") || name.starts_with("streamer_") => &["countersign_worker"],
        name if name.starts_with("log_") || name.starts_with("deployment_") || name.starts_with("ended_") => {
            &["countersign_integrator"]
        }
        _ => &["countersign_app"],
    }
}

#[tokio::test]
async fn every_statement_has_the_types_of_the_committed_table() {
    let t = TestDb::new().await;
    let mut table = String::from("room\tstatement\trole\tparameters\tcolumns\n");
    let mut refused = Vec::new();
    for (room, statements) in ROOMS {
        for sql in *statements {
            for role in roles_of(sql.name()) {
                let client = t.connect_as(role).await;
                match client.prepare(sql.text()).await {
                    Ok(prepared) => {
                        let params: Vec<&str> = prepared.params().iter().map(|kind| kind.name()).collect();
                        let columns: Vec<String> = prepared
                            .columns()
                            .iter()
                            .map(|column| format!("{} {}", column.name(), column.type_().name()))
                            .collect();
                        let row = [room, sql.name(), role, &params.join(", "), &columns.join(", ")];
                        table.push_str(&row.join("\t"));
                        table.push('\n');
                    }
                    Err(error) => refused.push(format!("{room}/{} as {role}: {error:?}", sql.name())),
                }
            }
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    golden("tests/golden/statements.tsv", &table);
}

/// A statement of another role's is refused by grants alone: the roles are no decoration.
#[tokio::test]
async fn a_role_cannot_run_the_statements_of_another() {
    let t = TestDb::new().await;
    let cases = [
        ("countersign_app", "SELECT slug FROM platform.route"),
        ("countersign_worker", "SELECT title FROM countersign.request"),
        ("countersign_auth", "SELECT state FROM countersign.workspace"),
        ("countersign_operator", "SELECT state FROM countersign.workspace"),
        ("countersign_probe", "SELECT state FROM countersign.workspace"),
        ("countersign_app", "SELECT name FROM platform.migration"),
    ];
    for (role, sql) in cases {
        let client = t.connect_as(role).await;
        let code = client.query(sql, &[]).await.unwrap_err().code().cloned();
        assert_eq!(code.map(|code| code.code().to_owned()).as_deref(), Some("42501"), "{role}: {sql}");
    }
}

/// Rows that others point to without a key of the database's: nobody who serves may delete them (decision 0011).
#[tokio::test]
async fn nobody_may_delete_what_is_pointed_to_without_a_key() {
    let t = TestDb::new().await;
    let sql = "SELECT r.rolname::text, c.relname::text FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE r.rolname LIKE 'countersign\\_%' AND r.rolname NOT IN ('countersign_owner', 'countersign_migrate')
                 AND n.nspname = 'countersign' AND c.relname IN ('request', 'person', 'process_version')
                 AND (has_table_privilege(r.oid, c.oid, 'DELETE') OR has_table_privilege(r.oid, c.oid, 'TRUNCATE'))";
    let found = t.owner.query(sql, &[]).await.expect("the catalogue is read");
    let found: Vec<(String, String)> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(found, Vec::new());
}

/// What names a row by its key is found by that key, even by a plan that was made while the tables were empty and serves
/// for ever: a partial index that begins with the workspace would have it read the workspace's whole backlog.
#[tokio::test]
async fn rows_are_found_by_their_key_whatever_the_tables_held_when_the_plan_was_made() {
    let t = TestDb::new().await;
    let cases = [
        ("outbox_open.sql", "outbox_pk"),
        ("outbox_done.sql", "outbox_pk"),
        ("courier_fail.sql", "outbox_pk"),
        ("task_close.sql", "task_pk"),
    ];
    for (name, key) in cases {
        let mut all = ROOMS.iter().flat_map(|(_, statements)| statements.iter());
        let sql = all.find(|sql| sql.name() == name).expect("a statement of that name");
        let plan = generic_plan(&t, roles_of(name)[0], sql).await;
        assert!(plan.contains(&format!("using {key} ")), "{name}:\n{plan}");
    }
    let take = tenancy::statements::ALL.iter().find(|sql| sql.name() == "courier_take.sql").expect("it");
    let plan = generic_plan(&t, "countersign_worker", take).await;
    let locked = plan.split("LockRows").nth(1).expect("the rows that are taken are locked");
    let inner = locked.split(" on outbox o").nth(1).expect("a scan of the outbox");
    let condition =
        inner.lines().find(|line| line.contains("Index Cond")).unwrap_or_else(|| panic!("by an index:\n{plan}"));
    assert!(condition.contains("due_at = ") || condition.contains("outbox_id = "), "{plan}");
}

/// The plan that serves whatever the parameters are, as the pools ask for it.
async fn generic_plan(t: &TestDb, role: &str, sql: &Sql) -> String {
    let client = t.connect_as(role).await;
    let count = client.prepare(sql.text()).await.expect("it is prepared").params().len();
    let nulls = vec!["NULL"; count].join(", ");
    let setting = "SET app.workspace_id = '00000000-0000-0000-0000-000000000000'";
    client.batch_execute(&format!("{setting}; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE asked AS {}", sql.text())).await.expect("it is prepared by name");
    let rows =
        client.query(&format!("EXPLAIN (COSTS off) EXECUTE asked({nulls})"), &[]).await.expect("it is explained");
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}
