//! Row security fails closed: no workspace is an error, another workspace is nothing, a forgotten filter shows nothing.

use std::collections::BTreeSet;

use tenancy::attempts::{Answer, Attempt, SEALED_COLUMNS, TENANT_TABLES};
use testkit::{TestDb, purchase, submit, two_workspaces};

/// Columns of bytes that are clear by design: hashes, blind indexes and commitments.
const CLEAR_BYTES: &[&str] = &[
    "audit.deployment_entry.hash",
    "audit.head.frontier",
    "audit.leaf.hash",
    "audit.opening.published_root",
    "audit.record.digests",
    "audit.tile.data",
    "countersign.api_token.token_hash",
    "countersign.decision.revision_hash",
    "countersign.decision.version_hash",
    "countersign.grp.name_bidx",
    "countersign.idempotency.body_hash",
    "countersign.idempotency.key_hash",
    "countersign.login_bucket.bucket",
    "countersign.one_time_link.token_hash",
    "countersign.outbox.effect_key",
    "countersign.person.email_bidx",
    "countersign.process_version.hash",
    "countersign.request.revision_hash",
    "countersign.revision.hash",
    "countersign.session.token_hash",
    "countersign.task.revision_hash",
    "countersign.workspace_end.key_digest",
];

#[tokio::test]
async fn without_a_workspace_every_table_is_an_error() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    submit(&north, "member", "purchase", &purchase("Chairs", "10.00")).await.unwrap();
    assert_eq!(t.db.without_workspace().await.unwrap(), (TENANT_TABLES.len() as u64, 0));
    let app = t.connect_as("countersign_app").await;
    let read = "SELECT request_id FROM countersign.request";
    let never = app.query(read, &[]).await.unwrap_err();
    assert_eq!(
        never.as_db_error().unwrap().message(),
        "unrecognized configuration parameter \"app.workspace_id\"",
        "the setting was never made"
    );
    app.batch_execute(&format!("BEGIN; SET LOCAL app.workspace_id = '{}'; COMMIT", north.id)).await.unwrap();
    let ended = app.query(read, &[]).await.unwrap_err();
    assert_eq!(ended.as_db_error().unwrap().message(), "invalid input syntax for type uuid: \"\"", "it has ended");
}

#[tokio::test]
async fn another_workspace_cannot_be_written_to() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    for attempt in Attempt::ACROSS {
        let answer = t.db.attempt(*attempt, north.id, south.id).await.unwrap();
        assert_eq!(answer, Answer::Refused, "{}", attempt.words());
    }
    // The same statements within one's own workspace are no failure of the attempt itself.
    let own = t.db.attempt(Attempt::ForeignInsert, north.id, north.id).await.unwrap();
    assert_eq!(own, Answer::LetThrough(1));
}

#[tokio::test]
async fn a_forgotten_filter_shows_no_foreign_row() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    for workspace in [&north, &south] {
        submit(workspace, "member", "purchase", &purchase("Chairs", "10.00")).await.unwrap();
    }
    for workspace in [&north, &south] {
        let (asked, seen, foreign) = t.db.forgotten_filter(workspace.id).await.unwrap();
        assert_eq!((asked, foreign), (TENANT_TABLES.len() as u64, 0));
        assert!(seen > 50, "{seen} own rows are enough to say so");
    }
    let all: i64 = t.owner.query_one("SELECT count(*) FROM countersign.person", &[]).await.unwrap().get(0);
    assert_eq!(all, 2 * testkit::PEOPLE.len() as i64, "the superuser sees both workspaces");
}

#[tokio::test]
async fn the_look_up_role_reads_routes_and_nothing_else() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    assert_eq!(t.db.look_up_role_reads().await.unwrap(), Vec::<&str>::new());
    assert_eq!(t.db.workspace_of("north").await.unwrap(), north.id);
    let auth = t.connect_as("countersign_auth").await;
    let write = format!("INSERT INTO platform.route (slug, workspace_id) VALUES ('east', '{}')", north.id);
    assert_eq!(auth.batch_execute(&write).await.unwrap_err().code().unwrap().code(), "42501");
}

#[tokio::test]
async fn the_worker_sees_no_payload() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    submit(&north, "member", "purchase", &purchase("Chairs", "10.00")).await.unwrap();
    let worker = t.connect_as("countersign_worker").await;
    let due = worker.query("SELECT outbox_id, kind FROM countersign.outbox", &[]).await.unwrap();
    assert!(!due.is_empty());
    for refused in [
        "SELECT payload FROM countersign.outbox",
        "SELECT effect_key FROM countersign.outbox",
        "SELECT request_id FROM countersign.request",
        "SELECT slug FROM platform.route",
        "DELETE FROM countersign.outbox",
        "UPDATE countersign.outbox SET payload = '{}'",
    ] {
        assert_eq!(worker.batch_execute(refused).await.unwrap_err().code().unwrap().code(), "42501", "{refused}");
    }
}

/// Tables of the deployment's own log: the integrator's alone, as `ledger` shows.
const OF_NO_WORKSPACE: [&str; 3] = ["audit.cosignature", "audit.cursor", "audit.deployment_entry"];

#[tokio::test]
async fn the_lists_of_tables_and_sealed_columns_are_the_catalogue_s() {
    let t = TestDb::new().await;
    let rows = t
        .owner
        .query(
            "SELECT table_schema || '.' || table_name, column_name::text, data_type::text
             FROM information_schema.columns WHERE table_schema IN ('countersign', 'audit')",
            &[],
        )
        .await
        .unwrap();
    let columns: Vec<(String, String, String)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let tables = columns.iter().map(|(table, _, _)| table.as_str());
    let tables: BTreeSet<&str> = tables.filter(|table| !OF_NO_WORKSPACE.contains(table)).collect();
    assert_eq!(tables, TENANT_TABLES.iter().copied().collect(), "tables of workspaces");
    let bytes: BTreeSet<String> = columns
        .iter()
        .filter(|(_, _, kind)| kind == "bytea")
        .map(|(table, column, _)| format!("{table}.{column}"))
        .collect();
    let sealed = SEALED_COLUMNS.iter().map(|(table, column, _, _)| format!("{table}.{column}"));
    let known: BTreeSet<String> = sealed.chain(CLEAR_BYTES.iter().map(|&name| name.to_owned())).collect();
    assert_eq!(bytes, known, "columns of bytes are sealed or named as clear");
}
