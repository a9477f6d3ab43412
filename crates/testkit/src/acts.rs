//! Acts on requests as tests need them: one committed scope each.

use requests::store::{self, ActError, Ask, Decision, Drafted, Published};
use serde_json::{Value, json};
use tenancy::policy::{ApproveTask, AskForChanges, PublishProcess, RejectTask, SeeRequest, SubmitRequest};
use tenancy::{RequestId, TaskId, Whole};

use crate::Workspace;

/// Publishes a document as the operator.
///
/// # Panics
/// With the publish check's sentences when the document is not right.
pub async fn publish(workspace: &Workspace, document: &str) -> Published {
    let mut scope = workspace.operate().await;
    let permit = scope.permit::<PublishProcess>(Whole).await.expect("the operator publishes");
    let published = match store::publish(&mut scope, permit, document.as_bytes()).await {
        Ok(published) => published,
        Err(error) => panic!("not published: {error:?}"),
    };
    drop(scope.commit().await.expect("published"));
    published
}

/// Values of a purchase: a title and a price in euros.
#[must_use]
pub fn purchase(title: &str, amount: &str) -> Value {
    json!({"title": title, "category": "hardware", "total": {"amount": amount, "currency": "EUR"}})
}

/// Hands a request in.
///
/// # Errors
/// What the act answers.
///
/// # Panics
/// When the requester may not see the process.
pub async fn submit(workspace: &Workspace, who: &str, process: &str, values: &Value) -> Result<Drafted, ActError> {
    let id = workspace.processes[process];
    let (mut scope, permit) = workspace.permit::<SubmitRequest>(who, id).await?;
    let published = store::published(&scope, process).await?;
    let drafted = store::submit(&mut scope, permit, &published, values).await?;
    drop(scope.commit().await?);
    Ok(drafted)
}

/// The open tasks of a request: whose, which.
///
/// # Panics
/// When the owner may not see the request.
pub async fn tasks_of(workspace: &Workspace, request: RequestId) -> Vec<(tenancy::PersonId, TaskId)> {
    let mut view = workspace.view("owner").await;
    let permit = view.permit::<SeeRequest>(request).await.expect("the owner reads every request");
    let tasks = store::tasks(&view, &permit).await.expect("tasks");
    view.finish();
    tasks.iter().filter(|task| task.state == "open").map(|task| (task.person, task.id)).collect()
}

/// Somebody's open task on a request.
async fn task_of(workspace: &Workspace, who: &str, request: RequestId) -> TaskId {
    let person = workspace.person(who);
    let open = tasks_of(workspace, request).await;
    open.iter().find(|(whose, _)| *whose == person).map(|(_, task)| *task).expect("an open task")
}

/// Decides a task: `approve`, `reject` or `ask_changes`.
///
/// # Errors
/// What the act answers.
///
/// # Panics
/// For another word.
pub async fn try_decide(
    workspace: &Workspace,
    who: &str,
    task: TaskId,
    word: &str,
    revision_hash: [u8; 32],
    reason: Option<&str>,
) -> Result<Decision, ActError> {
    let ask = Ask { revision_hash, reason };
    let mut scope = workspace.scope(who).await;
    let decision = match word {
        "approve" => {
            let permit = scope.permit::<ApproveTask>(task).await?;
            store::approve(&mut scope, permit, ask).await?
        }
        "reject" => {
            let permit = scope.permit::<RejectTask>(task).await?;
            store::reject(&mut scope, permit, ask).await?
        }
        "ask_changes" => {
            let permit = scope.permit::<AskForChanges>(task).await?;
            store::ask_changes(&mut scope, permit, ask).await?
        }
        other => panic!("{other} is no decision"),
    };
    drop(scope.commit().await?);
    Ok(decision)
}

/// Approves somebody's open task of a request.
///
/// # Panics
/// When they have none, or it is refused.
pub async fn approve(workspace: &Workspace, who: &str, request: &Drafted) -> Decision {
    let task = task_of(workspace, who, request.id).await;
    try_decide(workspace, who, task, "approve", request.revision_hash, None).await.expect("an approval")
}

/// Rejects somebody's open task of a request.
///
/// # Panics
/// As [`approve`].
pub async fn reject(workspace: &Workspace, who: &str, request: &Drafted, reason: &str) -> Decision {
    let task = task_of(workspace, who, request.id).await;
    try_decide(workspace, who, task, "reject", request.revision_hash, Some(reason)).await.expect("a rejection")
}

/// Sends a request back from somebody's open task.
///
/// # Panics
/// As [`approve`].
pub async fn ask_changes(workspace: &Workspace, who: &str, request: &Drafted, reason: &str) -> Decision {
    let task = task_of(workspace, who, request.id).await;
    try_decide(workspace, who, task, "ask_changes", request.revision_hash, Some(reason)).await.expect("a return")
}
