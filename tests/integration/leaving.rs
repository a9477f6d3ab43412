//! Who leaves takes no decision along: what was asked of them is asked of others, all of it, whatever interrupts.

use identity::people;
use requests::engine::Refusal;
use requests::store::{self, ActError};
use tenancy::policy::{DeliverEffect, EndPerson, ReplaceApprover};
use tenancy::{Channel, Credential, Due, Error, Internal, Origin, ReadWrite, Scope, Whole};
use testkit::{TestDb, Workspace, purchase, submit, tasks_of, two_workspaces};
use web::Composer;

use channels::MailComposer as _;

/// Requests of one transaction.
const AT_ONCE: usize = 50;

async fn courier(workspace: &Workspace) -> Scope<ReadWrite> {
    let credential = Credential::Internal(Internal::Courier);
    workspace.db.scope(credential, workspace.id, Origin::internal(Channel::Worker)).await.unwrap()
}

async fn end(workspace: &Workspace, who: &str) {
    let (mut scope, permit) = workspace.permit::<EndPerson>("owner", workspace.person(who)).await.unwrap();
    people::end(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
}

/// Carries out the effects of this kind that are due, and says how many there were.
async fn carry_out(workspace: &Workspace, kind: &str) -> usize {
    let due: Vec<Due> = workspace.db.take_due().await.unwrap();
    let mut done = 0;
    for due in due.iter().filter(|due| due.kind == kind) {
        let mut scope = courier(workspace).await;
        let permit = scope.permit::<DeliverEffect>(Whole).await.unwrap();
        let payload = scope.effect_payload(due.id).await.unwrap().unwrap();
        let composer = Composer { base_url: "http://localhost".to_owned() };
        let letters = composer.compose(&mut scope, &due.kind, &serde_json::from_str(&payload).unwrap()).await.unwrap();
        assert!(letters.is_empty(), "the letters that follow are effects of their own");
        scope.effect_done(permit, due.id, tenancy::Record::about(due.id.uuid())).await.unwrap();
        drop(scope.commit().await.unwrap());
        done += 1;
    }
    done
}

#[tokio::test]
async fn everything_is_handed_over_in_parts() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    let mut made = Vec::new();
    for number in 0..=AT_ONCE {
        made.push(submit(&north, "member", "purchase", &purchase(&format!("{number}"), "10.00")).await.unwrap().id);
    }
    t.owner.batch_execute("UPDATE countersign.outbox SET state = 'done'").await.unwrap();
    end(&north, "manager").await;
    let waiting = async || {
        let mut count = 0;
        for id in &made {
            count += usize::from(tasks_of(&north, *id).await.iter().any(|(who, _)| *who == north.person("manager")));
        }
        count
    };
    assert_eq!(waiting().await, AT_ONCE + 1, "ending somebody waits for none of it");
    assert_eq!(carry_out(&north, people::PERSON_LEFT).await, 1);
    assert_eq!(waiting().await, 1, "as many as fit, and one more");
    let mut rounds = 0;
    while waiting().await > 0 {
        carry_out(&north, people::PERSON_LEFT).await;
        rounds += 1;
        assert!(rounds < 10, "the last part does not come");
    }
    for id in &made {
        assert!(!tasks_of(&north, *id).await.is_empty(), "somebody else is asked");
    }
}

#[tokio::test]
async fn nobody_who_has_not_left_loses_a_seat() {
    let t = TestDb::new().await;
    let [north, _] = two_workspaces(&t.db).await;
    let made = submit(&north, "member", "purchase", &purchase("Chairs", "10.00")).await.unwrap();
    let mut scope = courier(&north).await;
    let permit = scope.permit::<ReplaceApprover>(made.id).await.unwrap();
    let refused = store::replace(&mut scope, permit, north.person("manager")).await;
    assert!(matches!(refused, Err(ActError::Scope(Error::Integrity(_)))), "{refused:?}");
    drop(scope);
    let mut scope = north.scope("owner").await;
    let refused = scope.permit::<ReplaceApprover>(made.id).await;
    assert!(refused.is_err(), "no person may: {refused:?}");
    drop(scope);
    let (_, task) = tasks_of(&north, made.id).await[0];
    let decided = testkit::try_decide(&north, "manager", task, "reject", made.revision_hash, None).await;
    assert!(matches!(decided, Err(ActError::Refused(Refusal::ReasonRequired))), "the seat is still theirs");
}
