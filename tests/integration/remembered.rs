//! What is kept in memory counts for one access epoch: whatever ends or moves a right is felt by the very next call, on
//! this node and on every other.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use identity::{groups, people, tokens};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use requests::store;
use tenancy::policy::{ChangeGroup, ChangePerson, EndPerson, RevokeToken, SeeRequest, SeeTokens, TokenScope};
use tenancy::{Credential, Database, Error, PersonTarget, RequestId, WorkspaceId};
use testkit::{TestDb, Workspace, origin, publish, purchase, submit, tasks_of, two_workspaces};

async fn read(db: &Database, token: Credential, workspace: WorkspaceId, id: RequestId) -> Result<String, Error> {
    store::see_at_once(db, token, workspace, origin(), id).await.map(|view| view.title)
}

/// Reads until the token and its rights are known: the first time makes a scope, the second is a glance.
async fn warmed(db: &Database, token: Credential, workspace: WorkspaceId, id: RequestId) {
    for _ in 0..3 {
        read(db, token, workspace, id).await.unwrap();
    }
    let see = requests::statements::ALL.iter().find(|sql| sql.name() == "request_see.sql").unwrap();
    let glance = db.glance::<SeeRequest>(token, workspace, id, see).await.unwrap();
    assert!(glance.is_some(), "the token is known by now");
}

struct Case {
    _t: TestDb,
    north: Workspace,
    south: Workspace,
    other_node: Database,
    token: Credential,
    request: RequestId,
}

async fn case() -> Case {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let request = submit(&north, "member", "purchase", &purchase("Chairs", "10.00")).await.unwrap().id;
    let token = north.token("member", &[TokenScope::RequestsRead]).await;
    let other_node = t.another_node();
    for db in [&north.db, &other_node] {
        warmed(db, token, north.id, request).await;
    }
    Case { other_node, _t: t, north, south, token, request }
}

async fn refused_on_every_node(case: &Case) {
    for db in [&case.north.db, &case.other_node] {
        let refused = read(db, case.token, case.north.id, case.request).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_the_next_read_on_every_node() {
    let case = case().await;
    let mut scope = case.north.scope("member").await;
    let permit = scope.permit::<SeeTokens>(tenancy::Whole).await.unwrap();
    let id = tokens::list(&scope, permit).await.unwrap()[0].id;
    let permit = scope.permit::<RevokeToken>(PersonTarget(case.north.person("member"))).await.unwrap();
    tokens::revoke(&mut scope, permit, id).await.unwrap();
    drop(scope.commit().await.unwrap());
    refused_on_every_node(&case).await;
}

#[tokio::test]
async fn the_token_of_a_person_who_ended_is_refused_on_every_node() {
    let case = case().await;
    let mut scope = case.north.scope("owner").await;
    let permit = scope.permit::<EndPerson>(case.north.person("member")).await.unwrap();
    people::end(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    refused_on_every_node(&case).await;
}

#[tokio::test]
async fn readers_at_one_desk_get_what_each_may_see() {
    let case = case().await;
    let (north, south) = (&case.north, &case.south);
    let manager = north.token("manager", &[TokenScope::RequestsRead]).await;
    let stranger = north.token("finance1", &[TokenScope::RequestsRead]).await;
    let foreign = submit(south, "member", "purchase", &purchase("Southern", "10.00")).await.unwrap().id;
    let private = submit(north, "finance2", "purchase", &purchase("Private", "10.00")).await.unwrap().id;
    warmed(&north.db, manager, north.id, case.request).await;
    let own = submit(north, "finance1", "purchase", &purchase("Own", "10.00")).await.unwrap().id;
    warmed(&north.db, stranger, north.id, own).await;
    let asked: Vec<(Credential, RequestId, Option<&str>)> = (0..40)
        .flat_map(|_| {
            [
                (case.token, case.request, Some("Chairs")),
                (manager, case.request, Some("Chairs")),
                (stranger, own, Some("Own")),
                (stranger, case.request, None),
                (case.token, private, None),
                (case.token, foreign, None),
                (manager, foreign, None),
                (stranger, RequestId::random(), None),
            ]
        })
        .collect();
    let answers = join_all(asked.iter().map(|(token, id, _)| read(&north.db, *token, north.id, *id))).await;
    for ((_, id, expected), answer) in asked.iter().zip(answers) {
        match (expected, answer) {
            (Some(title), Ok(found)) => assert_eq!(found, *title),
            (None, Err(Error::NotFound)) => {}
            (expected, found) => panic!("{id}: {expected:?}, {found:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_asked_is_who_is_in_the_group_and_who_manages_now() {
    let case = case().await;
    let north = &case.north;
    let asked =
        |open: Vec<(tenancy::PersonId, tenancy::TaskId)>| open.into_iter().map(|(who, _)| who).collect::<BTreeSet<_>>();
    let before = submit(north, "member", "purchase", &purchase("One", "10.00")).await.unwrap();
    assert_eq!(asked(tasks_of(north, before.id).await), [north.person("manager")].into());

    let mut scope = north.scope("owner").await;
    let permit = scope.permit::<ChangePerson>(north.person("member")).await.unwrap();
    people::change(&mut scope, permit, "Member", Some(north.person("finance1"))).await.unwrap();
    drop(scope.commit().await.unwrap());
    let after = submit(north, "member", "purchase", &purchase("Two", "10.00")).await.unwrap();
    assert_eq!(asked(tasks_of(north, after.id).await), [north.person("finance1")].into(), "another manager");

    let group = north.add_group("Juniors", &[north.person("finance2")]).await;
    let document = testkit::PROCESSES[0].1.replace("\"group\": \"finance\"", "\"group\": \"Juniors\"");
    publish(north, &document).await;
    let large = |title: &'static str| purchase(title, "9000.00");
    let first = submit(north, "member", "purchase", &large("Three")).await.unwrap();
    testkit::approve(north, "finance1", &first).await;
    let mut members: BTreeSet<_> = [north.person("manager"), north.person("owner")].into();
    let mut scope = north.scope("owner").await;
    let permit = scope.permit::<ChangeGroup>(group).await.unwrap();
    groups::set_members(&mut scope, permit, &members).await.unwrap();
    drop(scope.commit().await.unwrap());
    let second = submit(north, "member", "purchase", &large("Four")).await.unwrap();
    testkit::approve(north, "finance1", &second).await;
    members.retain(|person| *person != north.person("member"));
    assert_eq!(asked(tasks_of(north, second.id).await), members, "the members of now, in the version of now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_hangs_costs_a_read_its_time_and_not_its_answer() {
    let case = case().await;
    read(&case.north.db, case.token, case.north.id, case.request).await.unwrap();
    // The one that was used last is the one that is used next.
    let last = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'countersign_app'
                ORDER BY state_change DESC LIMIT 1";
    let pid = Pid::from_raw(case._t.owner.query_one(last, &[]).await.unwrap().get(0));
    kill(pid, Signal::SIGSTOP).unwrap();
    let begun = std::time::Instant::now();
    let asked = join_all((0..8).map(|_| read(&case.north.db, case.token, case.north.id, case.request)));
    let answers = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await;
    let hung_for = begun.elapsed();
    let once_more = read(&case.north.db, case.token, case.north.id, case.request);
    let again = tokio::time::timeout(std::time::Duration::from_secs(20), once_more).await;
    kill(pid, Signal::SIGCONT).unwrap();
    for answer in answers.expect("the eight readers were not left waiting") {
        assert_eq!(answer.unwrap(), "Chairs");
    }
    assert!(hung_for >= std::time::Duration::from_secs(5), "the connection did hang: {hung_for:?}");
    assert_eq!(again.expect("nobody meets it again").unwrap(), "Chairs");
}
