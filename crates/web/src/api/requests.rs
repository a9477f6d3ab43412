//! `/requests`: hand in, read, edit, decide, comment, withdraw.

use ::requests::store::{self, Ask, Listed, RequestView};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::policy::{
    AnswerReturn, ApproveTask, AskForChanges, CommentOnRequest, EditRequest, RejectTask, SaveDraft, SeeHome,
    SubmitDraft, SubmitRequest, WithdrawRequest,
};
use tenancy::{RequestId, TaskId, Whole};
use utoipa::ToSchema;

use super::cursor::{self, Page, Query};
use super::idempotent::{Turn, turn};
use super::{Caller, JsonBody, etag, id_of, if_match};
use crate::problem::Problem;
use crate::state::App;

/// A new request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequest {
    /// Key of the process.
    pub process: String,
    /// Values by field key.
    #[schema(value_type = Object)]
    pub values: Value,
    /// Whether to hand it in now; otherwise it is kept as a draft.
    #[serde(default)]
    pub submit: Option<bool>,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestBody {
    /// Its id.
    pub id: String,
    /// Its number, for people.
    pub number: String,
    /// Key of its process.
    pub process: String,
    /// The version it is pinned to.
    pub version: i32,
    /// `draft`, `open`, `returned`, `stuck`, `approved`, `rejected`, `withdrawn` or `cancelled`.
    pub state: String,
    /// Key of the stage it stands at.
    pub stage: Option<String>,
    /// Its title.
    pub title: String,
    /// Who handed it in.
    pub requester: String,
    /// Number and hash of the revision in force.
    pub revision: RevisionMark,
    /// Values by field key.
    #[schema(value_type = Object)]
    pub values: Value,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it was handed in.
    pub submitted_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
}

/// The mark of a revision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevisionMark {
    /// Its number, from 1.
    pub number: i32,
    /// Its SHA-256, in hexadecimal digits.
    pub hash: String,
}

/// A changed content.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditedRequest {
    /// All values by field key.
    #[schema(value_type = Object)]
    pub values: Value,
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDecision {
    /// The task it answers.
    pub task: String,
    /// `approve`, `reject` or `ask_changes`.
    pub decision: String,
    /// Words; needed for the last two.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewComment {
    /// Its words, at most 20,000 characters.
    pub body: String,
}

fn shown(view: RequestView<()>) -> RequestBody {
    RequestBody {
        id: view.id.to_string(),
        number: ::requests::request_number(&view.published.prefix, view.id),
        process: view.published.key.clone(),
        version: view.published.version,
        state: view.state_word,
        stage: view.stage,
        title: view.title,
        requester: view.requester.to_string(),
        revision: RevisionMark { number: view.revision_no, hash: data_encoding::HEXLOWER.encode(&view.revision_hash) },
        values: view.values.to_json(),
        created_at: view.created_at.to_string(),
        submitted_at: view.submitted_at.map(|at| at.to_string()),
        ended_at: view.ended_at.map(|at| at.to_string()),
    }
}

/// An answer with a request's tag.
fn tagged(status: StatusCode, hash: &[u8], body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(value) = HeaderValue::from_str(&etag(hash)) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

fn located(mut response: Response, path: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody<NewRequest>,
) -> Result<Response, Problem> {
    let mut scope = caller.scope(&app).await?;
    let turn = match turn(&mut scope, &headers, "requests", &body.bytes).await? {
        Turn::Again(answer) => return Ok(answer),
        Turn::First(turn) => turn,
    };
    // Absent and hidden processes get the same answer.
    let unknown = |error| unknown_process(error, &body.value.process);
    let published = store::published(&scope, &body.value.process).await.map_err(unknown)?;
    let made = if body.value.submit.unwrap_or(true) {
        let permit = scope.permit::<SubmitRequest>(published.id).await.map_err(unknown)?;
        store::submit(&mut scope, permit, &published, &body.value.values).await?
    } else {
        let permit = scope.permit::<SaveDraft>(published.id).await.map_err(unknown)?;
        store::save_draft(&mut scope, permit, &published, &body.value.values).await?
    };
    let answer = json!({
        "id": made.id.to_string(),
        "number": ::requests::request_number(&published.prefix, made.id),
        "process": published.key,
        "state": made.state,
        "revision": {"number": 1, "hash": data_encoding::HEXLOWER.encode(&made.revision_hash)},
    });
    turn.keep(&mut scope, StatusCode::CREATED, &answer).await?;
    let _committed = scope.commit().await?;
    let response = tagged(StatusCode::CREATED, &made.revision_hash, &answer);
    Ok(located(response, &format!("/api/v1/requests/{}", made.id)))
}

/// Absent and hidden are one answer here too.
fn unknown_process(error: tenancy::Error, key: &str) -> Problem {
    match error {
        tenancy::Error::NotFound => Problem::not_found().detail(format!("There is no process \"{}\" here.", cut(key))),
        other => other.into(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

pub(crate) async fn read(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: RequestId = id_of(&id)?;
    let view = store::see_at_once(&app.db, caller.credential, caller.workspace, caller.origin, id).await?;
    let hash = view.revision_hash;
    Ok(tagged(StatusCode::OK, &hash, &shown(view)))
}

/// What the list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// `mine` (default) or `all` that may be read.
    scope: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeeHome>(Whole).await?;
    let all = match filter.scope.as_deref() {
        None | Some("mine") => false,
        Some("all") => true,
        Some(_) => return Err(Problem::malformed("scope is mine or all.")),
    };
    let page = Page { limit: filter.limit, cursor: filter.cursor };
    let name = format!("requests:{}:{all}", scope.person()?);
    let before = page.last_key(scope.keys(), &name)?.and_then(|key| key.parse::<RequestId>().ok());
    let limit = page.limit()?;
    let mut rows = if all {
        store::of_processes(&scope, &permit, before, limit + 1).await?
    } else {
        store::mine(&scope, &permit, before, limit + 1).await?
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (rows.len() > most).then(|| cursor::cursor(scope.keys(), &name, &rows[most - 1].id.to_string()));
    rows.truncate(most);
    scope.finish();
    Ok(Json(json!({"items": rows.iter().map(item).collect::<Vec<_>>(), "next": next})))
}

fn item(row: &Listed) -> Value {
    json!({
        "id": row.id.to_string(),
        "title": row.title,
        "state": row.state_word,
        "stage": row.stage,
        "version": row.version,
        "created_at": row.created_at.to_string(),
        "revision_hash": data_encoding::HEXLOWER.encode(&row.revision_hash),
    })
}

pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: JsonBody<EditedRequest>,
) -> Result<Response, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.scope(&app).await?;
    let permit = scope.permit::<EditRequest>(id).await?;
    let expected = if_match(&headers)?;
    let made = store::edit(&mut scope, permit, expected, &body.value.values).await?;
    let _committed = scope.commit().await?;
    Ok(tagged(StatusCode::OK, &made.revision_hash, &changed(&made)))
}

fn changed(made: &store::Drafted) -> Value {
    json!({
        "id": made.id.to_string(),
        "state": made.state,
        "revision_hash": data_encoding::HEXLOWER.encode(&made.revision_hash),
    })
}

macro_rules! simple_act {
    ($(#[$doc:meta])* $name:ident, $action:ty, $act:path) => {
        $(#[$doc])*
        pub(crate) async fn $name(
            State(app): State<App>,
            caller: Caller,
            Path(id): Path<String>,
        ) -> Result<Response, Problem> {
            let id: RequestId = id_of(&id)?;
            let mut scope = caller.scope(&app).await?;
            let permit = scope.permit::<$action>(id).await?;
            let made = $act(&mut scope, permit).await?;
            let _committed = scope.commit().await?;
            Ok(tagged(StatusCode::OK, &made.revision_hash, &changed(&made)))
        }
    };
}

simple_act! {
    /// Hands in what was saved as a draft.
    submit_draft, SubmitDraft, store::submit_draft
}
simple_act! {
    /// Answers a return without changing the content.
    answer, AnswerReturn, store::answer
}
simple_act! {
    /// Takes a request back.
    withdraw, WithdrawRequest, store::withdraw
}

pub(crate) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: JsonBody<NewDecision>,
) -> Result<Response, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.scope(&app).await?;
    let turn = match turn(&mut scope, &headers, "decisions", &body.bytes).await? {
        Turn::Again(answer) => return Ok(answer),
        Turn::First(turn) => turn,
    };
    let task: TaskId = id_of(&body.value.task)?;
    let reason = body.value.reason.as_deref();
    let decision = match body.value.decision.as_str() {
        "approve" => {
            let permit = scope.permit::<ApproveTask>(task).await?;
            store::approve(&mut scope, permit, Ask { revision_hash: if_match(&headers)?, reason }).await?
        }
        "reject" => {
            let permit = scope.permit::<RejectTask>(task).await?;
            store::reject(&mut scope, permit, Ask { revision_hash: if_match(&headers)?, reason }).await?
        }
        "ask_changes" => {
            let permit = scope.permit::<AskForChanges>(task).await?;
            store::ask_changes(&mut scope, permit, Ask { revision_hash: if_match(&headers)?, reason }).await?
        }
        _ => {
            let message = "A decision is approve, reject or ask_changes.";
            return Err(Problem::invalid_at("/decision", "unknown_decision", message));
        }
    };
    if decision.request != id {
        return Err(Problem::not_found());
    }
    let answer = json!({
        "id": decision.id.to_string(),
        "request_id": decision.request.to_string(),
        "task": task.to_string(),
        "decision": body.value.decision,
        "request_state": decision.state,
    });
    turn.keep(&mut scope, StatusCode::CREATED, &answer).await?;
    let _committed = scope.commit().await?;
    let location = format!("/api/v1/requests/{id}/decisions");
    Ok(located((StatusCode::CREATED, Json(answer)).into_response(), &location))
}

pub(crate) async fn decisions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.view(&app).await?;
    let (permit, _) = store::see(&mut scope, id).await?;
    let rows = store::decisions(&scope, &permit).await?;
    scope.finish();
    let items: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id.to_string(), "task": row.task.to_string(), "person": row.person.to_string(),
                "stage": row.stage, "decision": row.verdict, "reason": row.reason, "channel": row.channel,
                "revision_hash": data_encoding::HEXLOWER.encode(&row.revision_hash),
                "given_at": row.given_at.to_string(), "voided_at": row.voided_at.map(|at| at.to_string()),
            })
        })
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(crate) async fn comment(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: JsonBody<NewComment>,
) -> Result<Response, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.scope(&app).await?;
    let turn = match turn(&mut scope, &headers, "comments", &body.bytes).await? {
        Turn::Again(answer) => return Ok(answer),
        Turn::First(turn) => turn,
    };
    let permit = scope.permit::<CommentOnRequest>(id).await?;
    if body.value.body.trim().is_empty() {
        return Err(Problem::invalid_at("/body", "required", "A comment has words."));
    }
    let comment = store::comment(&mut scope, permit, &body.value.body).await?;
    let answer = json!({"id": comment.to_string(), "request_id": id.to_string()});
    turn.keep(&mut scope, StatusCode::CREATED, &answer).await?;
    let _committed = scope.commit().await?;
    let location = format!("/api/v1/requests/{id}/comments");
    Ok(located((StatusCode::CREATED, Json(answer)).into_response(), &location))
}

pub(crate) async fn comments(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.view(&app).await?;
    let (permit, _) = store::see(&mut scope, id).await?;
    let rows = store::comments(&scope, &permit).await?;
    scope.finish();
    let items: Vec<Value> = rows
        .iter()
        .map(|row| json!({"id": row.id.to_string(), "author": row.author.to_string(), "body": row.body, "at": row.at.to_string()}))
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(crate) async fn revisions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: RequestId = id_of(&id)?;
    let mut scope = caller.view(&app).await?;
    let (permit, view) = store::see(&mut scope, id).await?;
    let rows = store::revisions(&scope, &permit, &view.published).await?;
    scope.finish();
    let items: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "number": row.number, "hash": data_encoding::HEXLOWER.encode(&row.hash),
                "values": row.values.to_json(), "by": row.by.to_string(), "at": row.at.to_string(),
            })
        })
        .collect();
    Ok(Json(json!({"items": items})))
}
