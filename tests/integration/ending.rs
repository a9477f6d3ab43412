//! The end of a workspace: it can be taken back until it is due, and then nothing of it is left but a certificate that proves it.

use std::time::Duration;

use ledger::Ender;
use tenancy::ending::{self, EndError};
use tenancy::policy::{CancelEnd, OrderEnd, SeeHome};
use tenancy::{Error, Whole, WorkspaceId};
use testkit::{Workspace, approve, purchase, submit};

use crate::browser::{until, until_within};
use crate::ledger::{House, view};
use crate::server::Server;
use crate::support::count;

fn ender(house: &House) -> Ender {
    Ender::new(house.t.db.clone(), house.south.id)
}

async fn order(house: &House, who: &str, days: u8) -> Result<ending::Ordered, EndError> {
    let (mut scope, permit) = house.north.permit::<OrderEnd>(who, Whole).await?;
    let ordered = ending::order(&mut scope, permit, house.south.id, days).await?;
    drop(scope.commit().await?);
    Ok(ordered)
}

async fn cancel(north: &Workspace) -> Result<(), EndError> {
    let (mut scope, permit) = north.permit::<CancelEnd>("owner", Whole).await?;
    ending::cancel(&mut scope, permit).await?;
    drop(scope.commit().await?);
    Ok(())
}

/// Rows of a workspace in every table that has any, by table.
async fn rows_of(house: &House, workspace: WorkspaceId) -> Vec<(String, i64)> {
    let tables =
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
        WHERE n.nspname IN ('countersign', 'audit', 'platform') AND c.relkind = 'r' ORDER BY 1";
    let mut found = Vec::new();
    for row in house.t.owner.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let rows = count(&house.t, &format!("SELECT count(*) FROM {table} WHERE workspace_id = '{workspace}'")).await;
        if rows > 0 {
            found.push((table, rows));
        }
    }
    found
}

/// Lets the time after the closing pass in which transactions that were under way end.
async fn quiet(house: &House) {
    let sql = "UPDATE countersign.workspace_end SET closed_at = closed_at - interval '1 minute'";
    house.t.owner.batch_execute(sql).await.unwrap();
}

/// A house whose north has a bit of everything, and ended.
async fn ended() -> House {
    let house = House::with(3).await;
    let request = submit(&house.north, "member", "purchase", &purchase("Desk", "10.00")).await.unwrap();
    approve(&house.north, "manager", &request).await;
    house.tick().await;
    order(&house, "owner", 0).await.unwrap();
    assert_eq!(ender(&house).look(false).await.unwrap(), 1, "closed, and no further while something may be under way");
    house.tick().await;
    assert_eq!(ender(&house).look(false).await.unwrap(), 0);
    quiet(&house).await;
    assert_eq!(ender(&house).look(false).await.unwrap(), 3, "the checkpoint is kept, the keys go, the rows go");
    house.tick().await;
    house
}

#[tokio::test]
async fn nothing_is_left_of_a_workspace_that_ended_and_the_others_are_as_they_were() {
    let house = House::with(3).await;
    let (north, south) = (&house.north, &house.south);
    let before = rows_of(&house, south.id).await;
    assert!(rows_of(&house, north.id).await.len() > 15, "a bit of everything");
    order(&house, "owner", 0).await.unwrap();
    ender(&house).look(false).await.unwrap();
    let refused = house.t.db.scope(north.session("member"), north.id, testkit::origin()).await;
    assert!(matches!(refused, Err(Error::Unauthenticated)), "nobody gets in any more");
    house.tick().await;
    quiet(&house).await;
    ender(&house).look(false).await.unwrap();

    assert_eq!(rows_of(&house, north.id).await, [("countersign.workspace_end".to_owned(), 1)]);
    assert!(matches!(house.t.db.workspace_of(&north.slug).await, Err(Error::NotFound)), "the slug is free");
    assert!(house.t.db.vault().workspace(north.id.bytes()).is_err());
    let after = rows_of(&house, south.id).await;
    for (table, rows) in before {
        let now = after.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows);
        assert!(now >= rows, "{table}: {now} of {rows}");
    }
    let said = "SELECT count(*) FROM audit.record WHERE action IN ('workspace.shredded', 'workspace.erased')";
    assert_eq!(count(&house.t, said).await, 2, "what was done without keys is in the platform's log");
    house.tick().await;
    let (scope, permit) = view(south).await;
    let report = ledger::live::verify(&house.t.db, &scope, &permit, |_, _| {}).await.unwrap();
    scope.finish();
    assert_eq!(report.findings, [""; 0]);
}

#[tokio::test]
async fn the_certificate_proves_the_end_without_us() {
    let house = ended().await;
    let evidence = ledger::ended::evidence(&house.t.db, house.south.id, house.north.id).await.unwrap().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    evidence.files.iter().for_each(|(name, text)| write(name, text));
    let vkey = std::fs::read_to_string(dir.path().join("vkey")).unwrap();
    let verify = |keys: Option<&str>| ledger::ended::verify(dir.path(), keys, None, 0);
    let verdict = verify(Some(&vkey)).unwrap();
    assert!(verdict.is_pinned && verdict.has_checkpoint);
    assert!(verdict.certificate.origin.contains(&house.north.id.to_string()));
    assert!(verdict.certificate.rows > 50 && verdict.certificate.keys > 5 && verdict.certificate.size > 10);
    assert!(!verify(None).unwrap().is_pinned);

    let other = tlog::SigningKey::from_seed(vkey.split('+').next().unwrap(), &[9; 32]).unwrap();
    assert!(verify(Some(&other.verifier().to_string())).is_err(), "another's key of the same name");
    for (name, text) in &evidence.files {
        let changed = match *name {
            "certificate" => text.replace("rows ", "rows 1"),
            "entry" => text.replace("\"end\"", "\"cp\""),
            "proof.tlog-proof" => text.replacen("index ", "index 1", 1),
            "checkpoint" => text.replacen('\n', "\n1", 1),
            _ => text.lines().rev().map(|line| format!("{line}x\n")).collect(),
        };
        assert_ne!(changed, *text, "{name}");
        write(name, &changed);
        let refused = verify((*name != "vkey").then_some(vkey.as_str()));
        assert!(refused.is_err(), "{name} changed");
        write(name, text);
        std::fs::remove_file(dir.path().join(name)).unwrap();
        assert!(verify(Some(&vkey)).is_err(), "{name} missing");
        write(name, text);
    }
    assert!(verify(Some(&vkey)).is_ok());
}

#[tokio::test]
async fn an_order_can_be_taken_back_until_it_is_begun_and_only_an_owner_gives_one() {
    let house = House::with(1).await;
    let ordered = order(&house, "owner", 30).await.unwrap();
    let days = ordered.due_at.duration_since(ordered.at).as_hours();
    assert!((719..=720).contains(&days), "{days}");
    assert!(matches!(order(&house, "owner", 3).await, Err(EndError::Ordered)));
    assert_eq!(ender(&house).look(false).await.unwrap(), 0, "it is not due");
    let mut scope = house.north.view("member").await;
    let permit = scope.permit::<SeeHome>(Whole).await.unwrap();
    assert_eq!(ending::of(&scope, &permit).await.unwrap(), Some(ordered), "everybody sees it");
    scope.finish();
    cancel(&house.north).await.unwrap();
    assert!(matches!(cancel(&house.north).await, Err(EndError::Nothing)));

    assert!(matches!(order(&house, "owner", 31).await, Err(EndError::Days)));
    for who in ["admin", "manager", "member"] {
        let refused = order(&house, who, 14).await;
        assert!(matches!(refused, Err(EndError::Tenancy(Error::Forbidden))), "{who}");
    }
    let (mut scope, permit) = house.south.permit::<OrderEnd>("owner", Whole).await.unwrap();
    let refused = ending::order(&mut scope, permit, house.south.id, 0).await;
    assert!(matches!(refused, Err(EndError::Platform)));
    drop(scope);

    order(&house, "owner", 0).await.unwrap();
    assert_eq!(ender(&house).look(false).await.unwrap(), 1);
    let gone = "DELETE FROM countersign.workspace_end";
    assert!(
        house.t.owner.batch_execute(gone).await.is_err(),
        "what is closed is never forgotten, not even by a superuser"
    );
}

/// What the database lets nobody do: delete rows of a workspace that has keys, or of another one.
#[tokio::test]
async fn rows_go_only_where_the_keys_went() {
    let house = House::with(1).await;
    order(&house, "owner", 0).await.unwrap();
    for role in ["countersign_app", "countersign_custody", "countersign_integrator", "countersign_operator"] {
        let try_it = format!(
            "BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.workspace_id = '{}'; SELECT audit.end_rows(10); COMMIT",
            house.north.id
        );
        let refused = house.t.owner.batch_execute(&try_it).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{role}");
        house.t.owner.batch_execute("ROLLBACK").await.unwrap();
        for table in ["audit.record", "audit.leaf"] {
            let try_it = format!(
                "BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.workspace_id = '{}'; DELETE FROM {table}; COMMIT",
                house.north.id
            );
            assert!(house.t.owner.batch_execute(&try_it).await.is_err(), "{role} {table}");
            house.t.owner.batch_execute("ROLLBACK").await.unwrap();
        }
    }
    let as_owner = format!(
        "BEGIN; SET LOCAL ROLE countersign_owner; SET LOCAL app.workspace_id = '{}'; DELETE FROM audit.record; COMMIT",
        house.north.id
    );
    assert!(
        house.t.owner.batch_execute(&as_owner).await.is_err(),
        "not in the owner's name either, as long as there are keys"
    );
    house.t.owner.batch_execute("ROLLBACK").await.unwrap();
    assert!(rows_of(&house, house.north.id).await.len() > 15);
}

/// The server dies behind each step; the next one goes on.
#[tokio::test]
async fn an_end_is_carried_on_from_every_step() {
    let house = House::with(2).await;
    let db = &house.t.db;
    order(&house, "owner", 0).await.unwrap();
    let workspace = house.north.id;
    db.close_workspace(workspace).await.unwrap();
    assert!(matches!(db.close_workspace(workspace).await, Err(Error::Rows { .. })), "once");
    house.tick().await;
    quiet(&house).await;
    let last = db.last_checkpoint(workspace).await.unwrap().unwrap();
    assert!(last.is_final);
    db.keep_last(workspace, &last.checkpoint, "").await.unwrap();
    // The keys are gone and the database does not know.
    db.with_vault(move |vault| vault.destroy_workspace(workspace.bytes())).await.unwrap();
    db.shred_workspace(house.south.id, workspace).await.unwrap();
    assert!(db.delete_rows(workspace).await.unwrap() > 0);
    assert_eq!(ender(&house).look(false).await.unwrap(), 1);
    assert_eq!(rows_of(&house, workspace).await.len(), 1);
    house.tick().await;
    assert!(ledger::ended::evidence(db, house.south.id, workspace).await.unwrap().is_some());
    assert_eq!(ender(&house).look(true).await.unwrap(), 0, "and nothing twice");
}

/// A backup from before the end brings rows back, and no key: they are deleted again, with a certificate of that.
#[tokio::test]
async fn a_restored_backup_brings_nothing_back() {
    let house = House::with(2).await;
    let workspace = house.north.id;
    house.t.db.with_vault(move |vault| vault.destroy_workspace(workspace.bytes())).await.unwrap();
    let ender = ender(&house);
    ender.look_back().await.unwrap();
    assert!(ender.look(false).await.unwrap() > 0);
    assert_eq!(rows_of(&house, workspace).await.len(), 1);
    house.tick().await;
    let evidence = ledger::ended::evidence(&house.t.db, house.south.id, workspace).await.unwrap().unwrap();
    assert!(evidence.files.iter().any(|(name, text)| *name == "certificate" && text.contains(&workspace.to_string())));
    ender.look_back().await.unwrap();
    assert_eq!(ender.look(true).await.unwrap(), 0);
}

/// What an act that was under way wrote after the rows went is deleted as well.
#[tokio::test]
async fn what_comes_late_is_deleted() {
    let house = ended().await;
    house
        .break_in(
            "INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests, period_key_no, period_part, person_key_no, person_part)
             SELECT $north, gen_random_uuid(), action, class, fields, digests, period_key_no, period_part, person_key_no, person_part
             FROM audit.record LIMIT 1",
        )
        .await;
    assert_eq!(rows_of(&house, house.north.id).await.len(), 2);
    ender(&house).look(false).await.unwrap();
    assert_eq!(rows_of(&house, house.north.id).await.len(), 2, "what was carried out is looked at once a minute");
    ender(&house).look(true).await.unwrap();
    assert_eq!(rows_of(&house, house.north.id).await.len(), 1);
}

/// A new table of workspaces must say how it ends with them.
#[tokio::test]
async fn the_function_knows_every_table_of_workspaces() {
    let house = House::with(1).await;
    let text = "SELECT prosrc FROM pg_proc WHERE proname = 'end_rows'";
    let body: String = house.t.owner.query_one(text, &[]).await.unwrap().get(0);
    let list = body.split("ARRAY[").nth(1).unwrap().split(']').next().unwrap();
    let known: std::collections::BTreeSet<&str> = list.split('\'').skip(1).step_by(2).collect();
    let tables = tenancy::attempts::TENANT_TABLES.iter().copied().filter(|table| *table != "countersign.workspace_end");
    assert_eq!(known, tables.chain(["platform.route"]).collect());
}

const PAGE: &str = "/w/sample/erasure";

/// The owner's page: a month, a person, the end and its taking back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_erases_and_ends_on_a_page() {
    let server = Server::start();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    let manager = server.signed_in("sample", "manager@sample.test").await;
    let page = async || owner.get(PAGE).await.text();
    assert!(page().await.contains("Nothing was erased yet."));
    assert_eq!(manager.get(PAGE).await.status, 403);
    assert_eq!(manager.form(PAGE, "act=end&days=14&slug=sample").await.status, 403);
    assert!(owner.get("/w/sample/audit").await.text().contains(PAGE));
    assert_eq!(manager.get("/w/sample/audit").await.status, 403);

    for (form, says) in [
        ("act=person&person=member%40sample.test", "still has access"),
        ("act=person&person=nobody%40sample.test", "no such person"),
        ("act=person&person=%00", "no such person"),
        ("act=month&month=2020-13", "written as 2026-09"),
        ("act=month&month=2020-01", "nothing is kept of this"),
        ("act=month&month=9999-01", "over for a day"),
        ("act=end&days=14&slug=simple", "Type sample to confirm"),
        ("act=end&days=0&slug=sample", "Choose 1 to 30 days"),
        ("act=end&days=31&slug=sample", "Choose 1 to 30 days"),
        ("act=keep", "No end is ordered"),
    ] {
        let refused = owner.form(PAGE, form).await;
        let text = refused.text();
        assert_eq!(refused.status, 422, "{form}");
        assert!(text.to_lowercase().contains(&says.to_lowercase()), "{form}: {text}");
    }
    assert_eq!(owner.form(PAGE, "act=fly").await.status, 400);

    let people = server.caller("owner").get("/api/v1/people").await.json();
    let member = people["items"].as_array().unwrap().iter().find(|one| one["email"] == "member@sample.test").unwrap();
    let ended = owner.form(&format!("/w/sample/people/{}", member["id"].as_str().unwrap()), "act=end").await;
    assert_eq!(ended.status, 303, "{}", ended.text());
    assert_eq!(owner.form(PAGE, "act=person&person=member%40sample.test").await.status, 303);
    until("the erasure", async || page().await.contains("pill ok")).await;

    let ordered = owner.form(PAGE, "act=end&days=30&slug=sample").await;
    assert_eq!((ordered.status, ordered.header("location")), (303, PAGE), "{}", ordered.text());
    let shown = page().await;
    assert!(shown.contains("Take the order back") && shown.contains("/ended/"), "{shown}");
    assert!(owner.get("/w/sample/").await.text().contains("This workspace ends on"));
    assert!(manager.get("/w/sample/").await.text().contains("This workspace ends on"), "everybody sees it");
    assert_eq!(owner.form(PAGE, "act=keep").await.status, 303);
    assert!(!manager.get("/w/sample/").await.text().contains("This workspace ends on"));
}

/// The whole way, with the real server and its commands: what is left is a certificate, which needs none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_ends_by_command_and_its_certificate_stands_alone() {
    let server = Server::start();
    server.workspace("leaving", "last@leaving.test");
    let last = server.signed_in("leaving", "last@leaving.test").await;
    assert_eq!(last.get("/w/leaving/").await.status, 200);
    let said = server.says(&["workspace", "end", "leaving", "--days", "30"]);
    assert!(said.contains("the order can be taken back"), "{said}");
    server.says(&["workspace", "end", "leaving", "--cancel"]);
    let said = server.says(&["workspace", "end", "leaving", "--days", "0"]);
    let id = said.split_whitespace().skip_while(|word| *word != "certificate").nth(1).unwrap().to_owned();
    assert_eq!(server.nobody().get(&format!("/ended/{id}")).await.status, 404, "not before it ended");
    let keys = server.says(&["audit", "keys", "--workspace", "sample"]);

    let path = format!("/ended/{id}");
    // Fifteen seconds of quiet, and twice the ten of an anchor.
    until_within(Duration::from_secs(120), "the certificate", async || {
        server.nobody().get(&path).await.text().contains("proof.tlog-proof")
    })
    .await;
    assert_eq!(last.get("/w/leaving/").await.status, 404);
    assert!(server.says(&["workspace", "ended"]).contains(&id));
    for absent in ["/ended/none", "/ended/0198f0c4-7a51-7d3b-9a44-3f1c2b5d6e70", &format!("{path}/records")] {
        assert_eq!(server.nobody().get(absent).await.status, 404, "{absent}");
    }
    let out = server.place().path("end");
    let out = out.to_str().unwrap();
    server.says(&["workspace", "certificate", &id, "--out", out]);
    assert!(!server.run(&["workspace", "certificate", &id, "--out", out]).status.success(), "a new folder");
    let file = server.nobody().get(&format!("{path}/certificate")).await;
    assert_eq!(file.text(), std::fs::read_to_string(format!("{out}/certificate")).unwrap());
    // The slug is free, and leads to whoever has it now.
    server.workspace("leaving", "first@leaving.test");
    let first = server.signed_in("leaving", "first@leaving.test").await;
    assert_eq!(first.get("/w/leaving/").await.status, 200);

    let (_, place) = server.stop();
    let vkey = place.path("deployment.vkey");
    std::fs::write(&vkey, keys.lines().nth(1).unwrap()).unwrap();
    let verify = |more: &[&str]| {
        let all = [&["audit", "verify-end", out][..], more].concat();
        let ran = crate::server::command().args(all).output().unwrap();
        (ran.status.success(), String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap())
    };
    let (holds, words) = verify(&["--vkey", vkey.to_str().unwrap()]);
    assert!(holds && words.contains("the deployment's key is the one you gave") && words.contains(&id), "{words}");
    std::fs::write(format!("{out}/certificate"), "countersign/end-of-workspace/v1\n").unwrap();
    let (holds, words) = verify(&["--json"]);
    assert!(!holds && words.contains("\"holds\":false"), "{words}");
}
