//! The held checkpoint: on every page of the trail, and every day in the mail of whoever wants it.

use std::path::Path;

use ledger::Keeper;
use tenancy::policy::{MailCheckpoint, SeeTrail};
use tenancy::{Whole, held};

use crate::browser::until;
use crate::ledger::House;
use crate::server::Server;
use crate::support::count;

const PAGE: &str = "/w/sample/audit/log";

async fn set(house: &House, who: &str, on: bool) -> Result<(), tenancy::Error> {
    let (mut scope, permit) = house.north.permit::<MailCheckpoint>(who, Whole).await?;
    held::set(&mut scope, permit, on).await?;
    drop(scope.commit().await?);
    Ok(())
}

async fn letters(house: &House) -> i64 {
    count(&house.t, "SELECT count(*) FROM countersign.outbox WHERE kind = 'mail.checkpoint'").await
}

#[tokio::test]
async fn a_checkpoint_is_mailed_once_a_day_to_those_who_want_it_and_may_have_it() {
    let house = House::with(2).await;
    let keeper = Keeper::new(house.t.db.clone());
    assert!(matches!(set(&house, "member", true).await, Err(tenancy::Error::Forbidden)));
    set(&house, "owner", true).await.unwrap();
    set(&house, "owner", true).await.unwrap();
    assert_eq!(keeper.look().await.unwrap(), 1);
    assert_eq!(keeper.look().await.unwrap(), 0, "the next is due tomorrow");
    let payload = "SELECT payload::text FROM countersign.outbox WHERE kind = 'mail.checkpoint'";
    let payload: String = house.t.owner.query_one(payload, &[]).await.unwrap().get(0);
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    let note = payload["checkpoint"].as_str().unwrap();
    tlog::Checkpoint::parse(tlog::Note::parse(note.as_bytes()).unwrap().text).unwrap();

    // After a week of standing still there is one letter, not seven.
    let later = "UPDATE countersign.checkpoint_mail SET due_at = due_at - interval '7 days'";
    house.t.owner.batch_execute(later).await.unwrap();
    let (one, two) = (keeper.clone(), Keeper::new(house.t.another_node()));
    let (first, second) = tokio::join!(one.look(), two.look());
    assert_eq!((first.unwrap() + second.unwrap(), keeper.look().await.unwrap()), (1, 0));
    assert_eq!(letters(&house).await, 2);

    // Who may not read the trail any more gets none, and is forgotten.
    house.t.owner.batch_execute(later).await.unwrap();
    let demoted = format!(
        "SET session_replication_role = replica; DELETE FROM countersign.access_grant WHERE workspace_id = '{}';
         SET session_replication_role = DEFAULT",
        house.north.id
    );
    house.t.owner.batch_execute(&demoted).await.unwrap();
    assert_eq!(keeper.look().await.unwrap(), 0);
    assert_eq!(count(&house.t, "SELECT count(*) FROM countersign.checkpoint_mail").await, 0);
    assert_eq!(letters(&house).await, 2);
}

#[tokio::test]
async fn it_is_stopped_by_whoever_wanted_it() {
    let house = House::with(1).await;
    set(&house, "owner", true).await.unwrap();
    set(&house, "owner", false).await.unwrap();
    assert_eq!(Keeper::new(house.t.db.clone()).look().await.unwrap(), 0);
    let mut view = house.north.view("owner").await;
    let permit = view.permit::<SeeTrail>(Whole).await.unwrap();
    assert!(!held::is_set(&view, &permit).await.unwrap());
    view.finish();
}

/// The text of a mail as its reader sees it: quoted-printable (RFC 2045) undone.
fn text_of(mail: &str) -> String {
    let body = mail.replace("\r\n", "\n").split_once("\n\n").unwrap().1.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut parts = body.split('=');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

fn mail_with(dir: &Path, subject: &str) -> Option<String> {
    let below = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let files = below(dir).flat_map(|folder| below(&folder.path()).collect::<Vec<_>>());
    files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).find(|text| text.contains(subject))
}

/// What the mail holds is what `--kept` takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_checkpoint_of_a_mail_is_held_against_an_export() {
    let server = Server::start();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    until("the first checkpoint", async || owner.get(PAGE).await.text().contains("are signed, ")).await;
    let list = owner.get("/w/sample/audit").await.text();
    assert!(list.contains("Kept with the page, it shows later"), "{list}");
    assert_eq!(owner.form(PAGE, "act=mail").await.status, 303);
    assert!(owner.get(PAGE).await.text().contains("Stop the daily mail"));
    let mails = server.place().mails();
    until("the mail", async || mail_with(&mails, "Subject: Checkpoint of ").is_some()).await;
    let text = text_of(&mail_with(&mails, "Subject: Checkpoint of ").unwrap());
    let ruler = "-".repeat(70) + "\n";
    let note = text.split(&ruler).nth(1).unwrap();
    let kept = server.place().path("kept");
    std::fs::write(&kept, note).unwrap();
    let out = server.place().path("trail");
    server.says(&["audit", "export", "--workspace", "sample", "--out", out.to_str().unwrap()]);
    let arguments = ["audit", "verify", out.to_str().unwrap(), "--kept", kept.to_str().unwrap()];
    let ran = crate::server::command().args(arguments).output().unwrap();
    let said = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
    assert!(ran.status.success() && said.contains("records that you kept"), "{said}");
    until("the anchor", async || owner.get(PAGE).await.text().contains("Last taken out, by itself or with an export"))
        .await;
    assert_eq!(owner.form(PAGE, "act=no-mail").await.status, 303);
    assert!(owner.get(PAGE).await.text().contains("Mail it to me every day"));
}
