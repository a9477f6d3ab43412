//! The main job on the database: handed in, decided, sent back, withdrawn.

use requests::engine::Refusal;
use requests::store::{self, ActError};
use serde_json::json;
use tenancy::policy::{
    AnswerReturn, ApproveTask, CommentOnRequest, EditRequest, SaveDraft, SeeRequest, SubmitDraft, WithdrawRequest,
};
use tenancy::{Error, RequestId};
use testkit::{
    TestDb, Workspace, approve, ask_changes, purchase, reject, submit, tasks_of, try_decide, two_workspaces,
};

async fn state_of(workspace: &Workspace, request: RequestId) -> String {
    let mut view = workspace.view("owner").await;
    let (_permit, seen) = store::see(&mut view, request).await.unwrap();
    view.finish();
    seen.state_word
}

async fn workspace() -> (TestDb, Workspace) {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    (t, north)
}

#[tokio::test]
async fn a_small_purchase_is_approved_by_the_manager_alone() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Mouse", "4999.99")).await.unwrap();
    assert_eq!(made.state, "open");
    let open = tasks_of(&north, made.id).await;
    assert_eq!(open.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [north.person("manager")]);
    assert_eq!(approve(&north, "manager", &made).await.state, "approved");
    assert!(tasks_of(&north, made.id).await.is_empty());
}

#[tokio::test]
async fn a_large_purchase_needs_two_of_finance() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Server", "5000.00")).await.unwrap();
    assert_eq!(approve(&north, "manager", &made).await.state, "open");
    assert_eq!(tasks_of(&north, made.id).await.len(), 2);
    assert_eq!(approve(&north, "finance1", &made).await.state, "open", "one of two");
    assert_eq!(approve(&north, "finance2", &made).await.state, "approved");
}

#[tokio::test]
async fn a_rejection_ends_it_and_needs_a_reason() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Yacht", "10.00")).await.unwrap();
    let (_, task) = tasks_of(&north, made.id).await[0];
    for reason in [None, Some("  ")] {
        let refused = try_decide(&north, "manager", task, "reject", made.revision_hash, reason).await;
        assert!(matches!(refused, Err(ActError::Refused(Refusal::ReasonRequired))), "{refused:?}");
    }
    assert_eq!(reject(&north, "manager", &made, "No yachts").await.state, "rejected");
    let again = try_decide(&north, "manager", task, "approve", made.revision_hash, None).await;
    assert!(matches!(again, Err(ActError::Refused(Refusal::TaskClosed))), "{again:?}");
    let mut view = north.view("member").await;
    let permit = view.permit::<SeeRequest>(made.id).await.unwrap();
    let given = store::decisions(&view, &permit).await.unwrap();
    assert_eq!((given.len(), given[0].reason.as_deref()), (1, Some("No yachts")));
    assert_eq!(given[0].revision_hash, made.revision_hash, "bound to what was shown");
}

#[tokio::test]
async fn an_edit_voids_what_was_decided_and_a_stale_hash_is_refused() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Server", "6000.00")).await.unwrap();
    approve(&north, "manager", &made).await;
    approve(&north, "finance1", &made).await;
    ask_changes(&north, "finance2", &made, "Which model?").await;
    assert_eq!(state_of(&north, made.id).await, "returned");
    let (mut scope, permit) = north.permit::<EditRequest>("member", made.id).await.unwrap();
    let edited = store::edit(&mut scope, permit, made.revision_hash, &purchase("Server X", "7000.00")).await.unwrap();
    drop(scope.commit().await.unwrap());
    assert_eq!(edited.state, "open");
    assert_ne!(edited.revision_hash, made.revision_hash);
    let mut view = north.view("owner").await;
    let permit = view.permit::<SeeRequest>(made.id).await.unwrap();
    let given = store::decisions(&view, &permit).await.unwrap();
    let approvals: Vec<_> = given.iter().filter(|decision| decision.verdict == "approve").collect();
    assert!(approvals.len() == 2 && approvals.iter().all(|decision| decision.voided_at.is_some()), "{given:?}");
    let open = tasks_of(&north, made.id).await;
    assert_eq!(
        open.iter().map(|(who, _)| *who).collect::<Vec<_>>(),
        [north.person("manager")],
        "the first stage again"
    );
    let stale = try_decide(&north, "manager", open[0].1, "approve", made.revision_hash, None).await;
    assert!(matches!(stale, Err(ActError::Refused(Refusal::StaleRevision))), "{stale:?}");
    assert_eq!(tasks_of(&north, made.id).await, open, "a stale decision changes nothing");
    let (mut scope, permit) = north.permit::<EditRequest>("member", made.id).await.unwrap();
    let lost = store::edit(&mut scope, permit, made.revision_hash, &purchase("Lost", "1.00")).await;
    assert!(matches!(lost, Err(ActError::Refused(Refusal::StaleRevision))), "{lost:?}");
    drop(scope);
    approve(&north, "manager", &edited).await;
    approve(&north, "finance1", &edited).await;
    assert_eq!(approve(&north, "finance2", &edited).await.state, "approved");
}

#[tokio::test]
async fn a_return_can_be_answered_without_an_edit() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Desk", "100.00")).await.unwrap();
    ask_changes(&north, "manager", &made, "Why?").await;
    let (mut scope, permit) = north.permit::<AnswerReturn>("member", made.id).await.unwrap();
    let answered = store::answer(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    assert_eq!((answered.state, answered.revision_hash), ("open", made.revision_hash));
    assert_eq!(approve(&north, "manager", &made).await.state, "approved");
}

#[tokio::test]
async fn nobody_decides_on_their_own_request_or_on_another_s_task() {
    let (_t, north) = workspace().await;
    let values = json!({"why": "I look after it", "system": "crm", "level": "read"});
    let made = submit(&north, "system", "access", &values).await.unwrap();
    approve(&north, "owner", &made).await;
    let open = tasks_of(&north, made.id).await;
    let asked: Vec<_> = open.iter().map(|(who, _)| *who).collect();
    assert_eq!(asked, [north.person("admin")], "of the two system owners the requester is not asked");
    let (_, task) = open[0];
    for who in ["system", "owner"] {
        let refused = try_decide(&north, who, task, "approve", made.revision_hash, None).await;
        assert!(matches!(refused, Err(ActError::Scope(Error::Forbidden))), "{who}: {refused:?}");
    }
    for who in ["viewer", "finance2", "member"] {
        let refused = try_decide(&north, who, task, "approve", made.revision_hash, None).await;
        assert!(matches!(refused, Err(ActError::Scope(Error::NotFound))), "{who}: {refused:?}");
    }
    assert_eq!(approve(&north, "admin", &made).await.state, "approved");
}

#[tokio::test]
async fn a_quorum_that_nobody_can_fill_is_stuck_and_never_approved() {
    let (t, north) = workspace().await;
    let made = submit(&north, "finance1", "purchase", &purchase("Safe", "9000.00")).await.unwrap();
    assert_eq!(approve(&north, "owner", &made).await.state, "stuck", "two of finance, and one of the two asks");
    assert!(tasks_of(&north, made.id).await.is_empty());
    let told = "SELECT count(*) FROM countersign.outbox WHERE kind = 'mail.stuck' AND payload::text LIKE '%owners%'";
    assert_eq!(crate::support::count(&t, told).await, 1);
}

#[tokio::test]
async fn a_withdrawn_request_is_decided_by_nobody() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Lamp", "20.00")).await.unwrap();
    let (_, task) = tasks_of(&north, made.id).await[0];
    let refused = north.permit::<WithdrawRequest>("manager", made.id).await.map(drop);
    assert!(matches!(refused, Err(Error::Forbidden)), "only the requester withdraws: {refused:?}");
    let (mut scope, permit) = north.permit::<WithdrawRequest>("member", made.id).await.unwrap();
    assert_eq!(store::withdraw(&mut scope, permit).await.unwrap().state, "withdrawn");
    drop(scope.commit().await.unwrap());
    let late = try_decide(&north, "manager", task, "approve", made.revision_hash, None).await;
    assert!(matches!(late, Err(ActError::Refused(Refusal::TaskClosed))), "{late:?}");
    let (mut scope, permit) = north.permit::<WithdrawRequest>("member", made.id).await.unwrap();
    assert!(matches!(store::withdraw(&mut scope, permit).await, Err(ActError::Refused(Refusal::WrongState { .. }))));
}

#[tokio::test]
async fn a_draft_asks_nobody_until_it_is_handed_in() {
    let (_t, north) = workspace().await;
    let (mut scope, permit) = north.permit::<SaveDraft>("member", north.processes["purchase"]).await.unwrap();
    let published = store::published(&scope, "purchase").await.unwrap();
    let draft = store::save_draft(&mut scope, permit, &published, &purchase("Chair", "30.00")).await.unwrap();
    drop(scope.commit().await.unwrap());
    assert_eq!(draft.state, "draft");
    assert!(tasks_of(&north, draft.id).await.is_empty());
    let (mut scope, permit) = north.permit::<SubmitDraft>("member", draft.id).await.unwrap();
    assert_eq!(store::submit_draft(&mut scope, permit).await.unwrap().state, "open");
    drop(scope.commit().await.unwrap());
    let (mut scope, permit) = north.permit::<SubmitDraft>("member", draft.id).await.unwrap();
    assert!(matches!(store::submit_draft(&mut scope, permit).await, Err(ActError::Refused(_))), "once only");
    drop(scope);
    assert_eq!(approve(&north, "manager", &draft).await.state, "approved");
}

#[tokio::test]
async fn of_two_decisions_at_once_one_counts() {
    let (t, north) = workspace().await;
    for round in 0..8 {
        let made = submit(&north, "member", "purchase", &purchase(&format!("Pen {round}"), "1.00")).await.unwrap();
        let (_, task) = tasks_of(&north, made.id).await[0];
        let mut other = north.clone();
        other.db = t.another_node();
        let (one, two) = tokio::join!(
            try_decide(&north, "manager", task, "approve", made.revision_hash, None),
            try_decide(&other, "manager", task, "reject", made.revision_hash, Some("no")),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let lost = one.err().or(two.err()).unwrap();
        assert!(matches!(lost, ActError::Refused(Refusal::TaskClosed)), "{lost:?}");
        let decisions = format!("SELECT count(*) FROM countersign.decision WHERE request_id = '{}'", made.id);
        assert_eq!(crate::support::count(&t, &decisions).await, 1);
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_all_named_and_nothing_is_written() {
    let (t, north) = workspace().await;
    let before = crate::support::count(&t, "SELECT count(*) FROM audit.record").await;
    let bad = json!({"title": "", "category": "yacht", "total": {"amount": "1.234", "currency": "USD"}, "else": 1});
    let refused = submit(&north, "member", "purchase", &bad).await.unwrap_err();
    let ActError::Values(errors) = refused else { panic!("{refused:?}") };
    assert!(errors.len() >= 4, "{errors:?}");
    assert_eq!(crate::support::count(&t, "SELECT count(*) FROM audit.record").await, before);
    assert_eq!(crate::support::count(&t, "SELECT count(*) FROM countersign.request").await, 0);
}

#[tokio::test]
async fn a_comment_has_its_bound_and_moves_nothing() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Cup", "2.00")).await.unwrap();
    for (length, fits) in [(store::COMMENT_CHARS_MAX, true), (store::COMMENT_CHARS_MAX + 1, false)] {
        let (mut scope, permit) = north.permit::<CommentOnRequest>("manager", made.id).await.unwrap();
        let outcome = store::comment(&mut scope, permit, &"\u{e9}".repeat(length)).await;
        assert_eq!(outcome.is_ok(), fits, "{length}");
        if fits {
            drop(scope.commit().await.unwrap());
        }
    }
    assert_eq!(state_of(&north, made.id).await, "open");
}

#[tokio::test]
async fn a_request_stays_with_its_version() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Cup", "2.00")).await.unwrap();
    let document = testkit::PROCESSES[0].1.replace("\"Line manager\"", "\"Boss\"");
    let second = testkit::publish(&north, &document).await;
    assert_eq!(second.version, 2);
    let mut view = north.view("member").await;
    let (_permit, seen) = store::see(&mut view, made.id).await.unwrap();
    assert_eq!(seen.published.version, 1);
    assert_ne!(seen.published.hash, second.hash);
    view.finish();
    assert_eq!(approve(&north, "manager", &made).await.state, "approved");
}

#[tokio::test]
async fn a_permit_for_a_task_is_locked_to_one_actor_at_a_time() {
    let (_t, north) = workspace().await;
    let made = submit(&north, "member", "purchase", &purchase("Cup", "2.00")).await.unwrap();
    let (_, task) = tasks_of(&north, made.id).await[0];
    let (first, permit) = north.permit::<ApproveTask>("manager", task).await.unwrap();
    let waits = north.permit::<ApproveTask>("manager", task).await.map(drop);
    assert!(matches!(waits, Err(Error::Busy)), "the second waits for the lock's time and is told so: {waits:?}");
    drop((first, permit));
    drop(north.permit::<ApproveTask>("manager", task).await.unwrap());
}
