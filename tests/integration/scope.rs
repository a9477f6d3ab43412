//! A scope is one transaction of one workspace by one actor, however it ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use identity::{people, tokens};
use requests::store;
use tenancy::policy::{AddGroup, EndPerson, RevokeToken, SeeHome, SeeTokens, SubmitRequest, TokenScope};
use tenancy::{Credential, Database, Error, PersonTarget, PoolSizes, Record, Sql, Whole};
use testkit::{TestDb, Workspace, origin, purchase, two_workspaces};

static WHERE_AM_I: Sql = Sql::from_file("where_am_i", "SELECT current_setting('app.workspace_id')");
static WRITE: Sql = Sql::from_file("write", "UPDATE countersign.workspace SET access_epoch = access_epoch");

/// Lets a future be polled so many times and then drops it.
struct Cut<F> {
    inner: Pin<Box<F>>,
    polls_left: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        match self.inner.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.polls_left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A view with one connection, so that the next scope gets the very connection that the last one left.
fn narrow(t: &TestDb, db: &Database) -> Database {
    Database::open(&t.server, Arc::clone(db.vault()), PoolSizes { app: 1, other: 1 }).unwrap()
}

async fn submit_once(north: &Workspace) -> Result<(), store::ActError> {
    let mut scope = north.db.scope(north.session("member"), north.id, origin()).await?;
    let permit = scope.permit::<SubmitRequest>(north.processes["purchase"]).await?;
    let published = store::published(&scope, "purchase").await?;
    store::submit(&mut scope, permit, &published, &purchase("Chairs", "10.00")).await?;
    drop(scope.commit().await?);
    Ok(())
}

async fn idle_in_transaction(t: &TestDb) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
               AND usename LIKE 'countersign_%' AND state LIKE 'idle in transaction%'";
    t.owner.query_one(sql, &[]).await.unwrap().get(0)
}

/// Waits for what was sent to be carried out.
async fn settled(t: &TestDb) {
    for _ in 0..200 {
        if idle_in_transaction(t).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a transaction stays open");
}

async fn sees_its_own(south: &Workspace) {
    let view = south.db.view(south.session("owner"), south.id, origin()).await.unwrap();
    let place: String = view.one(&WHERE_AM_I, &[]).await.unwrap().get(0);
    assert_eq!(place, south.id.to_string());
    view.finish();
}

async fn submitted(t: &TestDb) -> (i64, i64) {
    let requests = "SELECT count(*) FROM countersign.request";
    let records = "SELECT count(*) FROM audit.record WHERE action = 'request.submit'";
    let count = async |sql: &str| t.owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    (count(requests).await, count(records).await)
}

#[tokio::test]
async fn dropped_at_every_await_it_leaves_nothing_open() {
    let t = TestDb::new().await;
    let [mut north, mut south] = two_workspaces(&t.db).await;
    let narrow = narrow(&t, &t.db);
    (north.db, south.db) = (narrow.clone(), narrow);
    let mut finished = None;
    for polls_left in 1..400 {
        let act = Box::pin(submit_once(&north));
        if let Some(done) = (Cut { inner: act, polls_left }).await {
            done.unwrap();
            finished = Some(polls_left);
            break;
        }
        sees_its_own(&south).await;
        settled(&t).await;
    }
    let polls = finished.expect("with enough polls the act is done");
    assert!(polls > 5, "{polls} polls are a handful of await points");
    let (requests, records) = submitted(&t).await;
    assert!(requests >= 1);
    assert_eq!(requests, records, "whatever was committed has its record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_cancelled_at_random_leave_nothing_open() {
    let rounds = std::env::var("COUNTERSIGN_TEST_SCOPES").ok().map_or(500, |text| text.parse().unwrap());
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let mut completed = 0;
    for _ in 0..rounds {
        let patience_us = u64::from(u16::from_be_bytes(seal::random::<2>())) / 8;
        match tokio::time::timeout(Duration::from_micros(patience_us), submit_once(&north)).await {
            Ok(Ok(())) => completed += 1,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {}
        }
        sees_its_own(&south).await;
    }
    settled(&t).await;
    let (requests, records) = submitted(&t).await;
    assert_eq!(requests, records);
    assert!(requests >= completed, "what was answered is there");
}

#[tokio::test]
async fn a_permit_does_not_cross_scopes() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let (first, permit) = north.permit::<AddGroup>("owner", Whole).await.unwrap();
    let mut second = north.scope("owner").await;
    assert!(matches!(second.write(permit, Record::default()), Err(Error::Integrity(_))), "of the same workspace");
    drop((first, second));
    let (first, permit) = north.permit::<AddGroup>("owner", Whole).await.unwrap();
    let mut other = south.scope("owner").await;
    assert!(matches!(other.write(permit, Record::default()), Err(Error::Integrity(_))), "of another");
    drop((first, other));
}

#[tokio::test]
async fn nothing_is_written_or_committed_without_a_record() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    let mut scope = north.scope("owner").await;
    assert!(matches!(scope.again(), Err(Error::Integrity(_))), "no writer before an act");
    assert!(matches!(scope.commit().await, Err(Error::Integrity(_))));
}

#[tokio::test]
async fn a_reading_scope_cannot_write() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    let view = north.view("owner").await;
    let refused = view.maybe(&WRITE, &[]).await.unwrap_err();
    assert_eq!(refused.sql_state(), Some("25006"));
}

/// Opens a scope for reading and one for writing, and asks for something harmless.
async fn counts(workspace: &Workspace, credential: Credential) -> Result<(), Error> {
    let mut view = workspace.db.view(credential, workspace.id, origin()).await?;
    drop(view.permit::<SeeHome>(Whole).await?);
    view.finish();
    drop(workspace.db.scope(credential, workspace.id, origin()).await?);
    Ok(())
}

fn refused(outcome: Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Unauthenticated))
}

#[tokio::test]
async fn a_credential_that_ended_is_refused_at_once() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let token = north.token("member", &[TokenScope::RequestsRead]).await;
    counts(&north, token).await.unwrap();
    assert!(refused(counts(&south, token).await), "another workspace's token");
    assert!(refused(counts(&south, north.session("member")).await), "another workspace's session");
    let view = north.view("member").await;
    let id = {
        let mut view = view;
        let permit = view.permit::<SeeTokens>(Whole).await.unwrap();
        tokens::list(&view, permit).await.unwrap()[0].id
    };
    let (mut scope, permit) =
        north.permit::<RevokeToken>("member", PersonTarget(north.person("member"))).await.unwrap();
    tokens::revoke(&mut scope, permit, id).await.unwrap();
    drop(scope.commit().await.unwrap());
    assert!(refused(counts(&north, token).await), "a revoked token");
    let token = north.token("member", &[TokenScope::RequestsRead]).await;
    let (mut scope, permit) = north.permit::<EndPerson>("owner", north.person("member")).await.unwrap();
    people::end(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    assert!(refused(counts(&north, token).await), "an ended person's token");
    assert!(refused(counts(&north, north.session("member")).await), "an ended person's session");
    assert!(refused(counts(&north, Credential::Token([0; 32])).await), "no token at all");
    counts(&south, south.session("member")).await.unwrap();
}

#[tokio::test]
async fn a_link_is_used_once_even_by_many_at_once() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    let secret = north.link(north.person("member")).await;
    let uses = (0..4).map(|_| {
        let (north, secret) = (north.clone(), secret.clone());
        tokio::spawn(async move { north.use_link(&secret).await })
    });
    let mut counted = 0;
    for used in uses.collect::<Vec<_>>() {
        match used.await.unwrap() {
            Ok(session) => {
                counts(&north, session).await.unwrap();
                counted += 1;
            }
            Err(identity::Error::LinkDead) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(counted, 1);
    assert!(matches!(north.use_link(&secret).await, Err(identity::Error::LinkDead)));
}

#[tokio::test]
async fn rights_taken_count_at_once_on_every_node() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    let mut elsewhere = north.clone();
    elsewhere.db = t.another_node();
    drop(elsewhere.permit::<AddGroup>("admin", Whole).await.unwrap());
    let mut scope = north.scope("owner").await;
    let permit = scope.permit::<tenancy::policy::GrantRole>(north.person("admin")).await.unwrap();
    identity::roles::set_role(&mut scope, permit, tenancy::policy::Role::Member).await.unwrap();
    drop(scope.commit().await.unwrap());
    let refusal = elsewhere.permit::<AddGroup>("admin", Whole).await.unwrap_err();
    assert!(matches!(refusal, Error::Forbidden), "{refusal}");
}
