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
        name if name.starts_with("courier_") || name.starts_with("streamer_") => &["countersign_worker"],
        name if name.starts_with("log_") || name.starts_with("deployment_") => &["countersign_integrator"],
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
