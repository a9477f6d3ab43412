//! Verifying the log from a page: begun by who may, one at a time, with progress, a verdict that stays, and its anchors.

use std::time::{Duration, Instant};

use ledger::Verifications;
use ledger::verifying::AT_ONCE_MAX;
use tenancy::policy::SeeTrail;
use tenancy::trail::{self, TrailFilter, TrailRow};
use tenancy::{Whole, WorkspaceId};

use crate::ledger::House;
use crate::server::{Caller, Server};

const PAGE: &str = "/w/sample/audit/log";

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn newest(house: &House, code: &str) -> Option<TrailRow> {
    let mut view = house.north.view("owner").await;
    let permit = view.permit::<SeeTrail>(Whole).await.unwrap();
    let filter = TrailFilter { action: Some(code.to_owned()), ..TrailFilter::default() };
    let row = trail::list(&view, &permit, &filter, 1).await.unwrap().pop();
    view.finish();
    row
}

/// Recomputes in the background, to the verdict's record.
async fn verdict(house: &House, all: &Verifications) -> TrailRow {
    let before = newest(house, "audit.verified").await.map(|row| row.order);
    all.take(house.north.id).unwrap().begin(house.t.db.clone());
    until("the verdict", async || newest(house, "audit.verified").await.map(|row| row.order) > before).await;
    until("the place", async || all.progress(house.north.id).is_none()).await;
    newest(house, "audit.verified").await.unwrap()
}

#[tokio::test]
async fn the_verdict_is_a_record_and_says_what_is_wrong() {
    let house = House::with(300).await;
    let all = Verifications::default();
    let whole = verdict(&house, &all).await;
    let number = |row: &TrailRow, name: &str| row.context[name].as_u64().unwrap();
    assert_eq!(
        (number(&whole, "wrong"), number(&whole, "records"), number(&whole, "waiting")),
        (0, number(&whole, "intact"), 0)
    );
    assert!(number(&whole, "records") > 300, "{}", whole.context);
    let id = house.damaged().await;
    let damaged = verdict(&house, &all).await;
    assert!(number(&damaged, "wrong") >= 1, "{}", damaged.context);
    let finding = damaged.context["finding_01"].as_str().unwrap();
    assert!(finding.starts_with(&format!("record {id} (leaf ")), "{finding}");
}

/// A log that one transaction is not asked for. Its records have no values, which nothing explains, and 30 are not what was
/// signed: all are counted, and a few are named.
#[tokio::test]
async fn a_long_log_is_recomputed_to_its_end() {
    let house = House::with(1).await;
    house.fill(40_000).await;
    house
        .break_in(
            "UPDATE audit.record SET action = 'request.reject' WHERE id IN
               (SELECT id FROM audit.record WHERE workspace_id = $north AND action = 'request.comment' ORDER BY id LIMIT 30)",
        )
        .await;
    let all = Verifications::default();
    all.take(house.north.id).unwrap().begin(house.t.db.clone());
    let mut seen = Vec::new();
    while let Some((done, size)) = all.progress(house.north.id) {
        assert!(seen.last().is_none_or(|before| *before <= done) && done <= size);
        seen.push(done);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    seen.dedup();
    assert!(seen.len() > 3, "its progress is seen: {seen:?}");
    let verdict = newest(&house, "audit.verified").await.unwrap();
    let number = |name: &str| verdict.context[name].as_u64().unwrap();
    assert!(number("records") > 40_000, "{}", verdict.context);
    assert_eq!(number("records") - number("intact"), 40_000);
    assert!(number("wrong") >= 2 * 40_000 + 30, "both parts of each, and what was renamed: {}", verdict.context);
    assert_eq!(verdict.context.as_object().unwrap().keys().filter(|key| key.starts_with("finding_")).count(), 20);
}

/// The pages of somebody who may, of somebody who may not, and of everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_verifies_their_log_and_sees_where_it_is_anchored() {
    let server = Server::start();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    let member = server.signed_in("sample", "member@sample.test").await;
    let page = async |caller: &Caller| {
        let answer = caller.get(PAGE).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    };
    let fresh = page(&owner).await;
    assert!(
        fresh.contains("None yet. The verdict appears here")
            && fresh.contains("None was taken out of this workspace yet")
    );
    assert!(fresh.contains("None is named in the configuration"));
    assert_eq!(member.get(PAGE).await.status, 403);
    assert_eq!(member.form(PAGE, "act=verify").await.status, 403);
    assert_eq!(owner.form(PAGE, "act=fly").await.status, 400);
    until("the first checkpoint", async || page(&owner).await.contains("are signed, ")).await;

    let begun = owner.form(PAGE, "act=verify").await;
    assert_eq!((begun.status, begun.header("location")), (303, PAGE), "{}", begun.text());
    until("the verdict", async || page(&owner).await.contains("as it was signed")).await;
    let judged = page(&owner).await;
    assert!(judged.contains("the running server judged itself with its own key"), "{judged}");
    assert!(!judged.contains("came to no verdict") && !judged.contains("passed"));

    // The checkpoint as a file, which is then what the page and the trail know of.
    let taken = owner.form(PAGE, "act=checkpoint").await;
    assert_eq!(taken.status, 200);
    assert!(
        taken.header("content-disposition").starts_with("attachment; filename=\"checkpoint."),
        "{:?}",
        taken.headers
    );
    let note = taken.text();
    tlog::Checkpoint::parse(tlog::Note::parse(note.as_bytes()).unwrap().text).unwrap();
    assert!(page(&owner).await.contains("Last taken out, by itself or with an export"));
    let trail = server.caller("owner");
    for act in ["audit.verify", "audit.verified", "audit.checkpoint"] {
        let records = trail.get(&format!("/api/v1/audit-events?action={act}")).await.json();
        assert_eq!(records["items"].as_array().unwrap().len(), 1, "{act}");
    }
    // Everybody sees the anchors of the installation, and nothing of a workspace.
    let trust = server.nobody().get("/trust").await.text();
    assert!(trust.contains("Where the audit logs are anchored") && trust.contains("entries are signed"), "{trust}");
    assert!(!trust.contains("/ws/"));
}

/// One a workspace and two a server, over HTTP as well: whoever comes too early is told, and nothing is begun twice.
#[tokio::test]
async fn no_more_are_recomputed_at_once_than_the_bound() {
    let house = House::with(1).await;
    let all = Verifications::default();
    let places: Vec<_> = (0..AT_ONCE_MAX).map(|_| all.take(WorkspaceId::random()).unwrap()).collect();
    assert!(all.take(house.north.id).is_err(), "one past the bound");
    drop(places);
    assert_eq!(verdict(&house, &all).await.context["wrong"], 0);
}
