//! `GET /audit-events`: records of the trail.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy::policy::SeeTrail;
use tenancy::trail::{self, TrailFilter, TrailRow};
use tenancy::{PersonId, RecordId, RequestId, Whole};

use super::cursor::{self, Page, Query};
use super::{Caller, id_of};
use crate::problem::Problem;
use crate::state::App;

/// What the list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    request: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let name = format!("audit:{:?}:{:?}:{:?}", filter.request, filter.actor, filter.action);
    let page = Page { limit: filter.limit, cursor: filter.cursor };
    let limit = page.limit()?;
    let wanted = TrailFilter {
        target: filter.request.as_deref().map(id_of::<RequestId>).transpose()?.map(RequestId::uuid),
        actor: filter.actor.as_deref().map(id_of::<PersonId>).transpose()?,
        action: filter.action,
        before: page.last_key(scope.keys(), &name)?.and_then(|key| key.parse().ok()),
    };
    let mut rows = trail::list(&scope, &permit, &wanted, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = (rows.len() > most).then(|| cursor::cursor(scope.keys(), &name, &rows[most - 1].order.to_string()));
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
    })
}
