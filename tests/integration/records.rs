//! Each act leaves exactly one record whose payload opens, and nobody can change a record.

use std::future::Future;

use identity::links::{self, Purpose};
use identity::roles::{self, Principal};
use identity::{groups, passwords, people, sessions, sign_in, tokens};
use requests::store;
use tenancy::attempts::{Answer, Attempt};
use tenancy::policy::{
    AnswerReturn, ChangePerson, CommentOnRequest, EditRequest, EndPerson, GrantAtProcess, GrantRole, IssueLink,
    IssueToken, PublishProcess, RevokeToken, Role, SaveDraft, SeeTokens, SeeTrail, SetPassword, SignOut, SubmitDraft,
    TokenScope, WithdrawRequest,
};
use tenancy::trail::{self, TrailFilter};
use tenancy::{Committed, PersonTarget, ReadWrite, Scope, Whole};
use testkit::{
    TestDb, Workspace, approve, ask_changes, origin, publish, purchase, reject, submit, tasks_of, two_workspaces,
};
use zeroize::Zeroizing;

use crate::support::count;

/// Does an act and insists on exactly one record of its code.
async fn leaves<T>(t: &TestDb, code: &str, act: impl Future<Output = T>) -> T {
    let before: i64 = count(t, "SELECT coalesce(max(id), 0) FROM audit.record").await;
    let done = act.await;
    let rows = t.owner.query("SELECT action FROM audit.record WHERE id > $1 ORDER BY id", &[&before]).await.unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(actions, [code]);
    done
}

fn done(committed: Result<Committed, tenancy::Error>) {
    assert_eq!(committed.unwrap().records.len(), 1);
}

/// Every record holds actor, address, device, target and context, one digest each, and opens for its workspace's owner.
async fn all_open(t: &TestDb, workspace: &Workspace) {
    let mut view = workspace.view("owner").await;
    let permit = view.permit::<SeeTrail>(Whole).await.unwrap();
    let mut filter = TrailFilter::default();
    let mut opened = 0;
    loop {
        let page = trail::list(&view, &permit, &filter, 50).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.place());
        for row in &page {
            assert_ne!(row.actor_kind, "erased");
            assert!(row.ip == "internal" || row.ip == "127.0.0.1", "{}", row.ip);
            assert!(row.context["channel"].is_string(), "{}: {}", row.action, row.context);
            opened += 1;
        }
    }
    view.finish();
    let of = format!("FROM audit.record WHERE workspace_id = '{}'", workspace.id);
    assert_eq!(opened, count(t, &format!("SELECT count(*) {of}")).await, "all of them");
    let complete = "(fields & 31) = 31 AND octet_length(digests) = 32 * (5 + ((fields & 32) >> 5))";
    assert_eq!(opened, count(t, &format!("SELECT count(*) {of} AND {complete}")).await, "each is complete");
    let whole = "period_part IS NOT NULL AND person_part IS NOT NULL";
    assert_eq!(opened, count(t, &format!("SELECT count(*) {of} AND {whole}")).await, "each has both parts");
}

#[tokio::test]
async fn each_act_on_requests_leaves_one_record() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    leaves(&t, "process.publish", publish(&north, testkit::PROCESSES[0].1)).await;
    let values = purchase("Chairs", "10.00");
    let made = leaves(&t, "request.submit", submit(&north, "member", "purchase", &values)).await.unwrap();
    leaves(&t, "request.comment", async {
        let (mut scope, permit) = north.permit::<CommentOnRequest>("member", made.id).await.unwrap();
        store::comment(&mut scope, permit, "For the hall").await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "request.ask_changes", ask_changes(&north, "manager", &made, "How many?")).await;
    leaves(&t, "request.answer", async {
        let (mut scope, permit) = north.permit::<AnswerReturn>("member", made.id).await.unwrap();
        store::answer(&mut scope, permit).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    let edited = leaves(&t, "request.edit", async {
        let (mut scope, permit) = north.permit::<EditRequest>("member", made.id).await.unwrap();
        let edited = store::edit(&mut scope, permit, made.revision_hash, &purchase("Ten chairs", "11.00")).await;
        done(scope.commit().await);
        edited.unwrap()
    })
    .await;
    leaves(&t, "request.approve", approve(&north, "manager", &edited)).await;
    let second = submit(&north, "member", "purchase", &values).await.unwrap();
    leaves(&t, "request.reject", reject(&north, "manager", &second, "No")).await;
    let draft = leaves(&t, "request.draft", async {
        let (mut scope, permit) = north.permit::<SaveDraft>("member", north.processes["purchase"]).await.unwrap();
        let published = store::published(&scope, "purchase").await.unwrap();
        let draft = store::save_draft(&mut scope, permit, &published, &values).await.unwrap();
        done(scope.commit().await);
        draft
    })
    .await;
    leaves(&t, "request.submit_draft", async {
        let (mut scope, permit) = north.permit::<SubmitDraft>("member", draft.id).await.unwrap();
        store::submit_draft(&mut scope, permit).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "request.withdraw", async {
        let (mut scope, permit) = north.permit::<WithdrawRequest>("member", draft.id).await.unwrap();
        store::withdraw(&mut scope, permit).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    assert!(tasks_of(&north, draft.id).await.is_empty());
    all_open(&t, &north).await;
}

#[tokio::test]
async fn each_act_on_people_leaves_one_record() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    let person = leaves(&t, "person.add", north.add_person("new@north.test", "Nora New", Role::Member, None)).await;
    leaves(&t, "person.change", async {
        let (mut scope, permit) = north.permit::<ChangePerson>("owner", person).await.unwrap();
        people::change(&mut scope, permit, "Nora Newer", Some(north.person("manager"))).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    let secret = leaves(&t, "link.issue", north.link(person)).await;
    let session = leaves(&t, "link.use", north.use_link(&secret)).await.unwrap();
    leaves(&t, "access.grant", async {
        let (mut scope, permit) = north.permit::<GrantRole>("owner", person).await.unwrap();
        roles::set_role(&mut scope, permit, Role::Viewer).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "access.grant_process", async {
        let process = north.processes["travel"];
        let (mut scope, permit) = north.permit::<GrantAtProcess>("owner", process).await.unwrap();
        roles::grant_at_process(&mut scope, permit, Principal::Person(person), Role::Watcher).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "password.set", async {
        let view = north.db.view(session, north.id, origin()).await.unwrap();
        let choosing = passwords::choosing(&view, "north").await.unwrap();
        view.finish();
        let new = choosing.choose(None, Zeroizing::new("quartz saddle timber".to_owned())).await.unwrap();
        let mut scope = north.db.scope(session, north.id, origin()).await.unwrap();
        let permit = scope.permit::<SetPassword>(PersonTarget(person)).await.unwrap();
        passwords::set(&mut scope, permit, new).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    let try_word =
        |word: &str| sign_in::sign_in(&north.db, north.id, origin(), "new@north.test", Zeroizing::new(word.to_owned()));
    let signed = leaves(&t, "session.sign_in", try_word("quartz saddle timber")).await.unwrap();
    assert!(matches!(signed, sign_in::Outcome::Session(_)));
    let wrong = leaves(&t, "session.sign_in_refused", try_word("quartz saddle timbre")).await.unwrap();
    assert_eq!(wrong, sign_in::Outcome::Refused);
    leaves(&t, "session.end", async {
        let (mut scope, permit) = north.permit::<SignOut>("finance2", Whole).await.unwrap();
        sessions::end_session(&mut scope, permit).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "person.end", async {
        let (mut scope, permit) = north.permit::<EndPerson>("owner", person).await.unwrap();
        people::end(&mut scope, permit).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    all_open(&t, &north).await;
}

#[tokio::test]
async fn each_act_on_groups_and_tokens_leaves_one_record() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    leaves(&t, "group.add", async {
        let (mut scope, permit) = north.permit::<tenancy::policy::AddGroup>("owner", Whole).await.unwrap();
        groups::add(&mut scope, permit, "Night shift").await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "group.change", async {
        let group = north.groups["finance"];
        let (mut scope, permit) = north.permit::<tenancy::policy::ChangeGroup>("owner", group).await.unwrap();
        groups::set_members(&mut scope, permit, &[north.person("member")].into()).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    let own = PersonTarget(north.person("member"));
    leaves(&t, "token.issue", async {
        let (mut scope, permit) = north.permit::<IssueToken>("member", own).await.unwrap();
        tokens::issue(&mut scope, permit, &[TokenScope::RequestsRead], "my script", 30).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    leaves(&t, "token.revoke", async {
        let mut view = north.view("member").await;
        let permit = view.permit::<SeeTokens>(Whole).await.unwrap();
        let token = tokens::list(&view, permit).await.unwrap()[0].id;
        view.finish();
        let (mut scope, permit) = north.permit::<RevokeToken>("member", own).await.unwrap();
        tokens::revoke(&mut scope, permit, token).await.unwrap();
        done(scope.commit().await);
    })
    .await;
    let link: Result<(), identity::Error> = leaves(&t, "link.issue", async {
        let (mut scope, permit) = north.permit::<IssueLink>("owner", north.person("member")).await?;
        links::issue(&mut scope, permit, Purpose::SignIn).await?;
        done(scope.commit().await);
        Ok(())
    })
    .await;
    link.unwrap();
    all_open(&t, &north).await;
}

#[tokio::test]
async fn an_act_that_is_refused_leaves_none() {
    let t = TestDb::new().await;
    let north = Workspace::make(&t.db, "north").await;
    let before = count(&t, "SELECT count(*) FROM audit.record").await;
    let refused: Result<(Scope<ReadWrite>, _), _> = north.permit::<PublishProcess>("member", Whole).await;
    assert!(matches!(refused.map(drop), Err(tenancy::Error::Forbidden)));
    let (mut scope, permit) = north.permit::<PublishProcess>("owner", Whole).await.unwrap();
    assert!(store::publish(&mut scope, permit, b"{\"schema\": 1}").await.is_err());
    drop(scope);
    assert_eq!(count(&t, "SELECT count(*) FROM audit.record").await, before);
}

#[tokio::test]
async fn the_application_cannot_touch_a_record() {
    let t = TestDb::new().await;
    let [north, south] = two_workspaces(&t.db).await;
    for attempt in Attempt::ON_THE_TRAIL {
        let answer = t.db.attempt(*attempt, north.id, south.id).await.unwrap();
        assert_eq!(answer, Answer::Refused, "{}", attempt.words());
    }
    let app = t.connect_as("countersign_app").await;
    for sql in [
        "UPDATE audit.record SET person_part = NULL",
        "ALTER TABLE audit.record NO FORCE ROW LEVEL SECURITY",
        "SET session_replication_role = replica",
        "DROP TABLE audit.record",
        "INSERT INTO audit.record (workspace_id, id, rec, action, class, fields, digests) OVERRIDING SYSTEM VALUE
         VALUES (current_setting('app.workspace_id')::uuid, 1, gen_random_uuid(), 'x', 1, 0, ''::bytea)",
        "INSERT INTO audit.record (workspace_id, rec, xid, action, class, fields, digests)
         VALUES (current_setting('app.workspace_id')::uuid, gen_random_uuid(), '1', 'x', 1, 0, ''::bytea)",
    ] {
        app.batch_execute(&format!("BEGIN; SET LOCAL app.workspace_id = '{}'", north.id)).await.unwrap();
        let refused = app.batch_execute(sql).await.unwrap_err();
        assert!(["42501", "428C9"].contains(&refused.code().unwrap().code()), "{sql}: {refused:?}");
        app.batch_execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn even_the_superuser_s_change_is_refused_by_the_trigger() {
    let t = TestDb::new().await;
    let _north = Workspace::make(&t.db, "north").await;
    for role in ["origin", "local", "replica"] {
        t.owner.batch_execute(&format!("SET session_replication_role = {role}")).await.unwrap();
        for sql in [
            "UPDATE audit.record SET action = 'x'",
            "DELETE FROM audit.record",
            "TRUNCATE audit.record",
            "TRUNCATE audit.record CASCADE",
        ] {
            let refused = t.owner.batch_execute(sql).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "42501", "{role}: {sql}");
            assert_eq!(refused.as_db_error().unwrap().message(), "audit records are append-only");
        }
    }
}
