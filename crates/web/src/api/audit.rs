//! `GET /audit-events`: records of the trail.

use axum::Json;
use axum::extract::{Path, State};
use ledger::Mark;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy::policy::SeeTrail;
use tenancy::trail::{self, TrailFilter, TrailRow};
use tenancy::{PersonId, RecordId, Whole};
use uuid::Uuid;

use super::cursor::{self, Page, Query};
use super::{Caller, id_of};
use crate::narrowed::{action_of, time_of};
use crate::problem::{FieldProblem, Problem};
use crate::state::App;

/// What the list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// A request's id; the same as `target`.
    request: Option<String>,
    /// Id of what the act was about.
    target: Option<String>,
    /// Id of the person who acted.
    actor: Option<String>,
    /// Code of the act.
    action: Option<String>,
    /// From this instant on (RFC 3339).
    from: Option<String>,
    /// Before this instant (RFC 3339).
    until: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

impl Filter {
    /// The list's name: a cursor is one of this filter and of no other.
    fn list(&self) -> String {
        let Self { request, target, actor, action, from, until, .. } = self;
        format!("audit:{request:?}:{target:?}:{actor:?}:{action:?}:{from:?}:{until:?}")
    }

    /// What it means; every field that means nothing is named.
    fn wanted(&self) -> Result<TrailFilter, Problem> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, code: &str, message: &str| {
            wrong.push(FieldProblem {
                pointer: format!("/{field}"),
                code: code.to_owned(),
                message: message.to_owned(),
            });
        };
        let mut id = |field: &str, text: &Option<String>| {
            let id = text.as_deref().map(str::parse::<Uuid>);
            id.transpose().unwrap_or_else(|_| {
                refuse(field, "id", "This is no id.");
                None
            })
        };
        let (request, target, actor) =
            (id("request", &self.request), id("target", &self.target), id("actor", &self.actor));
        if self.request.is_some() && self.target.is_some() {
            refuse("target", "twice", "request and target name the same thing; give one of them.");
        }
        let action = self.action.as_deref().map(action_of);
        if action == Some(None) {
            refuse("action", "unknown", "There is no act with this code.");
        }
        let mut time = |field: &str, text: &Option<String>| {
            let at = text.as_deref().map(time_of);
            if at == Some(None) {
                refuse(field, "time", "This is no instant by RFC 3339, such as 2026-11-27T16:30:00Z.");
            }
            at.flatten()
        };
        let (from, until) = (time("from", &self.from), time("until", &self.until));
        if !wrong.is_empty() {
            return Err(Problem::invalid(wrong));
        }
        let action = action.flatten().map(str::to_owned);
        let actor = actor.map(PersonId::from_uuid);
        Ok(TrailFilter { target: request.or(target), actor, action, from, until, before: None })
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let page = Page { limit: filter.limit, cursor: filter.cursor.clone() };
    let limit = page.limit()?;
    let mut wanted = filter.wanted()?;
    let name = filter.list();
    wanted.before = page.last_key(scope.keys(), &name)?.and_then(|key| key.parse().ok());
    let mut rows = trail::list(&scope, &permit, &wanted, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (rows.len() > most).then(|| cursor::cursor(scope.keys(), &name, &rows[most - 1].place().to_string()));
    rows.truncate(most);
    scope.finish();
    Ok(Json(json!({"items": rows.iter().map(item).collect::<Vec<_>>(), "next": next})))
}

/// `GET /audit-events/{id}/proof`: the entry, and the file that proves it (C2SP tlog-proof).
pub(crate) async fn proof(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let row = trail::one(&scope, &permit, id_of::<RecordId>(&id)?).await?.ok_or_else(Problem::not_found)?;
    let proof = ledger::proof::prove(&scope, &permit, &row).await?.ok_or_else(Problem::not_found)?;
    scope.finish();
    Ok(Json(json!({
        "index": proof.index, "entry": proof.entry, "proof": proof.file, "origin": proof.origin, "size": proof.size,
    })))
}

fn item(row: &TrailRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "order": row.order,
        "at": row.at.to_string(),
        "action": row.action,
        "actor": {"kind": row.actor_kind, "id": row.actor.map(|id| id.to_string())},
        "target": row.target.map(|id| id.to_string()),
        "ip": row.ip,
        "device": row.device,
        "context": row.context,
        "diff": row.diff,
        "log": log(row),
    })
}

/// Where the record stands in the log of its workspace, recomputed for this answer.
fn log(row: &TrailRow) -> Value {
    match Mark::of(row) {
        Mark::Signed { index } => json!({"state": "signed", "index": index}),
        Mark::Waiting => json!({"state": "waiting", "index": null}),
        Mark::Differs { index } => json!({"state": "differs", "index": index}),
    }
}
