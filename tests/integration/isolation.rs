//! Attempts across workspaces at the scope: a foreign id answers exactly like one that nobody has.

use identity::{groups, links, people, sessions, tokens};
use requests::store;
use tenancy::policy::{
    AnswerReturn, ApproveTask, AskForChanges, ChangeGroup, ChangePerson, CommentOnRequest, EditRequest, EndPerson,
    GrantAtProcess, GrantRole, IssueLink, IssueToken, RejectTask, RevokeToken, SaveDraft, SeeProcess, SeeReport,
    SeeRequest, SeeTask, SetPassword, SignOut, SubmitDraft, SubmitRequest, WithdrawRequest,
};
use tenancy::{
    Credential, GroupId, PersonId, PersonTarget, ProcessId, ReadWrite, RequestId, Scope, SessionId, TaskId, TokenId,
    Whole,
};
use testkit::{PEOPLE, TestDb, Workspace, origin, purchase, submit, tasks_of, two_workspaces};
use uuid::Uuid;

use crate::support::count;

/// Ids of one workspace, by kind.
struct Ids {
    people: Vec<Uuid>,
    groups: Vec<Uuid>,
    processes: Vec<Uuid>,
    requests: Vec<Uuid>,
    tasks: Vec<Uuid>,
    tokens: Vec<Uuid>,
    sessions: Vec<Uuid>,
}

async fn ids(t: &TestDb, workspace: &Workspace) -> Ids {
    let all = async |table: &str, column: &str| -> Vec<Uuid> {
        let sql = format!("SELECT {column} FROM countersign.{table} WHERE workspace_id = $1");
        let rows = t.owner.query(&sql, &[&workspace.id.uuid()]).await.unwrap();
        assert!(!rows.is_empty(), "{table} has something to ask for");
        rows.iter().map(|row| row.get(0)).collect()
    };
    Ids {
        people: all("person", "person_id").await,
        groups: all("grp", "group_id").await,
        processes: all("process", "process_id").await,
        requests: all("request", "request_id").await,
        tasks: all("task", "task_id").await,
        tokens: all("api_token", "token_id").await,
        sessions: all("session", "session_id").await,
    }
}

/// Ways to ask for something by its id; each is one attempt.
const WAYS: usize = 34;

/// Asks in one way and says what came of it, the id itself left out.
async fn ask(scope: &mut Scope<ReadWrite>, way: usize, id: Uuid) -> String {
    macro_rules! permit {
        ($action:ty, $target:expr) => {
            format!("{:?}", scope.permit::<$action>($target).await.map(drop))
        };
    }
    let own = PersonTarget(scope.person().expect("a person asks"));
    let answer = match way {
        0 => permit!(ChangePerson, PersonId::from_uuid(id)),
        1 => permit!(EndPerson, PersonId::from_uuid(id)),
        2 => permit!(IssueLink, PersonId::from_uuid(id)),
        3 => permit!(GrantRole, PersonId::from_uuid(id)),
        4 => permit!(SetPassword, PersonTarget(PersonId::from_uuid(id))),
        5 => permit!(IssueToken, PersonTarget(PersonId::from_uuid(id))),
        6 => permit!(RevokeToken, PersonTarget(PersonId::from_uuid(id))),
        7 => format!("{:?}", people::get(scope, PersonId::from_uuid(id)).await),
        8 => format!("{:?}", people::names(scope, &[PersonId::from_uuid(id)]).await),
        9 => format!("{:?}", people::addresses(scope, &[PersonId::from_uuid(id)]).await),
        10 => format!("{:?}", scope.held_by(PersonId::from_uuid(id)).await),
        11 => permit!(ChangeGroup, GroupId::from_uuid(id)),
        12 => format!("{:?}", groups::members(scope, GroupId::from_uuid(id)).await),
        13 => permit!(SeeProcess, ProcessId::from_uuid(id)),
        14 => permit!(SubmitRequest, ProcessId::from_uuid(id)),
        15 => permit!(SaveDraft, ProcessId::from_uuid(id)),
        16 => permit!(SeeReport, ProcessId::from_uuid(id)),
        17 => permit!(GrantAtProcess, ProcessId::from_uuid(id)),
        18 => format!("{:?}", store::version(scope, ProcessId::from_uuid(id), 1).await),
        19 => permit!(SeeRequest, RequestId::from_uuid(id)),
        20 => permit!(CommentOnRequest, RequestId::from_uuid(id)),
        21 => permit!(EditRequest, RequestId::from_uuid(id)),
        22 => permit!(AnswerReturn, RequestId::from_uuid(id)),
        23 => permit!(WithdrawRequest, RequestId::from_uuid(id)),
        24 => permit!(SubmitDraft, RequestId::from_uuid(id)),
        25 => format!("{:?}", store::see(scope, RequestId::from_uuid(id)).await.map(drop)),
        26 => format!("{:?}", store::load(scope, RequestId::from_uuid(id)).await.map(drop)),
        27 => permit!(SeeTask, TaskId::from_uuid(id)),
        28 => permit!(ApproveTask, TaskId::from_uuid(id)),
        29 => permit!(RejectTask, TaskId::from_uuid(id)),
        30 => permit!(AskForChanges, TaskId::from_uuid(id)),
        31 => match scope.permit::<RevokeToken>(own).await {
            Ok(permit) => format!("{:?}", tokens::revoke(scope, permit, TokenId::from_uuid(id)).await),
            Err(error) => format!("{error:?}"),
        },
        32 => match scope.permit::<SignOut>(Whole).await {
            Ok(permit) => format!("{:?}", sessions::end(scope, permit, SessionId::from_uuid(id)).await),
            Err(error) => format!("{error:?}"),
        },
        _ => match scope.permit::<ChangePerson>(PersonId::from_uuid(own.0.uuid())).await {
            // A manager from another workspace.
            Ok(permit) => {
                let named = Some(PersonId::from_uuid(id)).filter(|id| *id != own.0);
                format!("{:?}", people::change(scope, permit, "Somebody", named).await)
            }
            Err(error) => format!("{error:?}"),
        },
    };
    answer.replace(&id.to_string(), "<id>")
}

fn kind(ids: &Ids, way: usize) -> &[Uuid] {
    match way {
        0..=10 | 33 => &ids.people,
        11 | 12 => &ids.groups,
        13..=18 => &ids.processes,
        19..=26 => &ids.requests,
        27..=30 => &ids.tasks,
        31 => &ids.tokens,
        _ => &ids.sessions,
    }
}

/// Everything of a workspace as one hash, but for the rows that only say "seen" and records of our own acts.
async fn everything(t: &TestDb, workspace: &Workspace) -> String {
    let mut all = String::new();
    for table in tenancy::attempts::TENANT_TABLES.iter().filter(|table| !table.ends_with("session_seen")) {
        let sql = format!(
            "SELECT coalesce(md5(string_agg(x::text, '' ORDER BY x::text)), '') FROM {table} x WHERE workspace_id = $1"
        );
        all.push_str(&t.owner.query_one(&sql, &[&workspace.id.uuid()]).await.unwrap().get::<_, String>(0));
    }
    all
}

#[tokio::test]
async fn a_foreign_id_answers_exactly_like_an_unknown_one() {
    let attempts: usize =
        std::env::var("COUNTERSIGN_TEST_ATTEMPTS").ok().map_or(2_000, |text| text.parse().expect("a number"));
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    for workspace in [&north, &south] {
        for (round, amount) in ["10.00", "6000.00"].iter().enumerate() {
            let made =
                submit(workspace, "member", "purchase", &purchase(&format!("Chair {round}"), amount)).await.unwrap();
            assert!(!tasks_of(workspace, made.id).await.is_empty());
        }
        workspace.token("member", tenancy::policy::TokenScope::ALL).await;
    }
    let token = north.token("owner", tenancy::policy::TokenScope::ALL).await;
    let foreign = ids(&t, &south).await;
    let before = everything(&t, &south).await;
    let mut different = Vec::new();
    let mut told = 0;
    for attempt in 0..attempts {
        let way = attempt % WAYS;
        let who = PEOPLE[(attempt / WAYS) % PEOPLE.len()].0;
        let credential = if attempt % 11 == 0 { token } else { north.session(who) };
        let known = kind(&foreign, way);
        let target = known[usize::from(seal::random::<1>()[0]) % known.len()];
        let mut answers = Vec::with_capacity(2);
        for id in [target, Uuid::now_v7()] {
            let mut scope = north.db.scope(credential, north.id, origin()).await.unwrap();
            answers.push(ask(&mut scope, way, id).await);
        }
        if answers[0] != answers[1] {
            different.push(format!("way {way} as {who}: {answers:?}"));
        }
        told += usize::from(answers[0].contains("south"));
    }
    assert_eq!((different, told), (Vec::<String>::new(), 0), "of {attempts} attempts");
    assert_eq!(everything(&t, &south).await, before, "nothing of the other workspace changed");
}

/// The attempts above would see a difference: the same ways find what is one's own.
#[tokio::test]
async fn the_same_ways_find_one_s_own() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    submit(&north, "member", "purchase", &purchase("Chair", "10.00")).await.unwrap();
    north.token("owner", tenancy::policy::TokenScope::ALL).await;
    let own = ids(&t, &north).await;
    let mut found = 0;
    for way in 0..WAYS {
        let mut scope = north.scope("owner").await;
        let mine = ask(&mut scope, way, *kind(&own, way).last().unwrap()).await;
        drop(scope);
        let mut scope = north.scope("owner").await;
        let unknown = ask(&mut scope, way, Uuid::now_v7()).await;
        found += usize::from(mine != unknown);
    }
    assert!(found >= 24, "{found} of {WAYS} ways tell an owner's own things from nothing");
}

#[tokio::test]
async fn credentials_and_links_of_another_workspace_are_nothing() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    let secret = south.link(south.person("owner")).await;
    let foreign = north.use_link(&secret).await;
    assert!(matches!(foreign, Err(identity::Error::LinkDead)), "{foreign:?}");
    let unknown = north.use_link(&"A".repeat(secret.len())).await;
    assert_eq!(format!("{foreign:?}"), format!("{unknown:?}"));
    let mut view = north.db.view(Credential::Visitor, north.id, origin()).await.unwrap();
    assert!(matches!(links::peek(&view, &secret).await, Err(identity::Error::LinkDead)));
    drop(view.permit::<tenancy::policy::UseLink>(Whole).await.unwrap());
    south.use_link(&secret).await.unwrap();
    assert_eq!(count(&t, "SELECT count(*) FROM countersign.workspace").await, 2);
}
