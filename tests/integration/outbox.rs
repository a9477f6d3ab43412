//! Effects leave once, come back when their courier died, and end among the dead letters.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use tenancy::policy::DeliverEffect;
use tenancy::{Channel, Credential, Due, Error, Internal, Origin, ReadWrite, Record, Scope, Whole};
use testkit::{TestDb, Workspace, ask_changes, purchase, submit, two_workspaces};
use uuid::Uuid;

use crate::support::count;

async fn courier(workspace: &Workspace) -> Scope<ReadWrite> {
    let credential = Credential::Internal(Internal::Courier);
    workspace.db.scope(credential, workspace.id, Origin::internal(Channel::Worker)).await.unwrap()
}

async fn deliver(workspace: &Workspace, due: &Due) -> Result<(), Error> {
    let mut scope = courier(workspace).await;
    let permit = scope.permit::<DeliverEffect>(Whole).await?;
    scope.effect_done(permit, due.id, Record::about(due.id.uuid())).await?;
    drop(scope.commit().await?);
    Ok(())
}

async fn loaded(effects: usize) -> (TestDb, Workspace) {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    for round in 0..effects {
        submit(&north, "member", "purchase", &purchase(&format!("Chair {round}"), "10.00")).await.unwrap();
    }
    (t, north)
}

#[tokio::test]
async fn two_couriers_take_each_effect_once() {
    let (t, north) = loaded(40).await;
    let written = count(&t, "SELECT count(*) FROM countersign.outbox WHERE state = 'due'").await;
    assert!(written >= 40);
    let (one, two) = (t.db.clone(), t.another_node());
    let mut taken = BTreeSet::new();
    loop {
        let (first, second) = tokio::join!(one.take_due(), two.take_due());
        let batch: Vec<Due> = first.unwrap().into_iter().chain(second.unwrap()).collect();
        if batch.is_empty() {
            break;
        }
        for due in &batch {
            assert!(taken.insert(due.id), "{} was taken twice", due.id);
            assert_eq!((due.workspace, due.attempts), (north.id, 1));
            deliver(&north, due).await.unwrap();
        }
    }
    assert_eq!(i64::try_from(taken.len()).unwrap(), written);
    assert_eq!(count(&t, "SELECT count(*) FROM countersign.outbox WHERE state <> 'done'").await, 0);
    assert_eq!(count(&t, "SELECT count(*) FROM audit.record WHERE action = 'effect.deliver'").await, written);
}

#[tokio::test]
async fn an_effect_is_done_once() {
    let (_t, north) = loaded(1).await;
    let due = &north.db.take_due().await.unwrap()[0];
    let mut scope = courier(&north).await;
    assert!(scope.effect_payload(due.id).await.unwrap().is_some());
    drop(scope);
    deliver(&north, due).await.unwrap();
    let again = deliver(&north, due).await;
    assert!(matches!(again, Err(Error::Rows { expected: 1, found: 0, .. })), "{again:?}");
    assert!(courier(&north).await.effect_payload(due.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_dead_courier_s_effects_come_back() {
    let (t, north) = loaded(1).await;
    let first = north.db.take_due().await.unwrap();
    assert_eq!(north.db.take_due().await.unwrap().len(), 0, "locked");
    let bounds = count(
        &t,
        "SELECT count(*) FROM countersign.outbox
         WHERE locked_until BETWEEN clock_timestamp() + interval '50 s' AND clock_timestamp() + interval '60 s'",
    );
    assert_eq!(bounds.await, 1, "for about a minute");
    t.owner
        .batch_execute("UPDATE countersign.outbox SET locked_until = clock_timestamp() - interval '1 s'")
        .await
        .unwrap();
    let back = north.db.take_due().await.unwrap();
    assert_eq!((back.len(), back[0].id, back[0].attempts), (1, first[0].id, 2));
}

#[tokio::test]
async fn a_failed_effect_waits_and_ends_among_the_dead_letters() {
    let (t, north) = loaded(1).await;
    let mut due = north.db.take_due().await.unwrap().remove(0);
    north.db.put_back(&due, "mail_refused", SignedDuration::from_hours(1)).await.unwrap();
    assert_eq!(north.db.take_due().await.unwrap().len(), 0, "not before its time");
    for attempt in 2..=due.max_attempts {
        t.owner.batch_execute("UPDATE countersign.outbox SET due_at = clock_timestamp()").await.unwrap();
        due = north.db.take_due().await.unwrap().remove(0);
        assert_eq!(due.attempts, attempt);
        north.db.put_back(&due, "mail_refused", SignedDuration::ZERO).await.unwrap();
    }
    assert_eq!(due.attempts, due.max_attempts);
    assert_eq!(north.db.take_due().await.unwrap().len(), 0, "no attempt past the last");
    let dead = "SELECT count(*) FROM countersign.outbox WHERE state = 'dead' AND last_error_code = 'mail_refused'";
    assert_eq!(count(&t, dead).await, 1);
}

/// Every leaf of a payload is an id, or one of the few words we wrote ourselves.
fn only_ids(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text == "owners" || uuid::Uuid::parse_str(text).is_ok(),
        Value::Array(items) => items.iter().all(only_ids),
        Value::Object(members) => members.values().all(only_ids),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[tokio::test]
async fn payloads_hold_ids_only() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    let made = submit(&north, "member", "purchase", &purchase("Velvet throne", "10.00")).await.unwrap();
    ask_changes(&north, "manager", &made, "Why velvet?").await;
    let rows = t.owner.query("SELECT payload::text FROM countersign.outbox", &[]).await.unwrap();
    assert!(rows.len() >= 2);
    for row in rows {
        let text: String = row.get(0);
        assert!(only_ids(&serde_json::from_str(&text).unwrap()), "{text}");
        for word in ["elvet", "Becker", "Chen", ".test", "north"] {
            assert!(!text.contains(word), "{text}");
        }
    }
    assert!(!only_ids(&serde_json::json!({"title": "Velvet"})), "the judge of this test sees text");
}

#[tokio::test]
async fn an_act_that_fails_leaves_no_effect() {
    let (t, north) = loaded(0).await;
    let (mut scope, permit) =
        north.permit::<tenancy::policy::SubmitRequest>("member", north.processes["purchase"]).await.unwrap();
    let published = requests::store::published(&scope, "purchase").await.unwrap();
    requests::store::submit(&mut scope, permit, &published, &purchase("Chair", "1.00")).await.unwrap();
    drop(scope);
    assert_eq!(count(&t, "SELECT count(*) FROM countersign.outbox").await, 0);
    assert_eq!(north.db.take_due().await.unwrap().len(), 0);
}

/// So many effects of a workspace, due for so many seconds.
async fn flood(t: &TestDb, workspace: &Workspace, effects: usize, due_for_s: usize) {
    let sql = format!(
        "INSERT INTO countersign.outbox (workspace_id, outbox_id, kind, effect_key, payload, due_at)
         SELECT '{}', gen_random_uuid(), 'mail.flood', sha256(gen_random_uuid()::text::bytea), '{{}}',
                clock_timestamp() - make_interval(secs => {due_for_s})
         FROM generate_series(1, {effects})",
        workspace.id
    );
    t.owner.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_one_workspace_does_not_make_another_wait() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    t.owner.batch_execute("UPDATE countersign.outbox SET state = 'done' WHERE state = 'due'").await.unwrap();
    flood(&t, &north, 5_000, 3_600).await;
    flood(&t, &south, 3, 1).await;
    // Wherever the ring begins: before both, at either, between them, after both.
    for place in [Uuid::nil(), north.id.uuid(), south.id.uuid(), Uuid::max()] {
        let taken = t.db.take_due_from(place).await.unwrap();
        assert_eq!(i64::try_from(taken.len()).unwrap(), tenancy::BATCH_MAX, "as many as are taken, and not one more");
        let of_the_quiet = taken.iter().filter(|due| due.workspace == south.id).count();
        assert_eq!(of_the_quiet, 3, "all of the quiet one are among them, begun at {place}");
        t.owner.batch_execute("UPDATE countersign.outbox SET locked_until = NULL").await.unwrap();
    }
}

#[tokio::test]
async fn more_workspaces_than_one_look_passes_all_get_their_turn() {
    let t = TestDb::new().await;
    for _ in 0..60 {
        let sql = "INSERT INTO countersign.outbox (workspace_id, outbox_id, kind, effect_key, payload)
                   VALUES (gen_random_uuid(), gen_random_uuid(), 'mail.one', sha256(gen_random_uuid()::text::bytea), '{}')";
        t.owner.batch_execute(sql).await.unwrap();
    }
    let first = t.db.take_due().await.unwrap().len();
    let second = t.db.take_due().await.unwrap().len();
    assert_eq!((first, second), (48, 12), "a look passes 48");
}
