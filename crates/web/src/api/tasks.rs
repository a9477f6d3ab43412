//! `GET /tasks`: what waits for the caller.

use ::requests::store;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenancy::policy::SeeHome;
use tenancy::{RequestId, TaskId, Whole};
use utoipa::ToSchema;

use super::cursor::{self, Page, Query};
use super::{Caller, etag, id_of};
use crate::problem::Problem;
use crate::state::App;

/// What the list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    request: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// One task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskItem {
    /// Its id.
    pub id: String,
    /// The request it is about.
    pub request_id: String,
    /// The request's title.
    pub title: String,
    /// The stage it is asked at.
    pub stage: String,
    /// The tag to send as `If-Match` with a decision.
    pub etag: String,
    /// Since when it waits (RFC 3339).
    pub opened_at: String,
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskPage {
    /// The tasks, oldest first.
    pub items: Vec<TaskItem>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<TaskPage>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeeHome>(Whole).await?;
    let request = filter.request.as_deref().map(id_of::<RequestId>).transpose()?;
    let page = Page { limit: filter.limit, cursor: filter.cursor };
    let name = format!("tasks:{}:{}", scope.person()?, filter.request.as_deref().unwrap_or(""));
    let after = page.last_key(scope.keys(), &name)?.and_then(|key| key.parse::<TaskId>().ok());
    let limit = page.limit()?;
    let mut rows = store::waiting(&scope, &permit, after, request, limit + 1).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next =
        more.then(|| rows.last()).flatten().map(|row| cursor::cursor(scope.keys(), &name, &row.task.to_string()));
    scope.finish();
    let items = rows
        .into_iter()
        .map(|row| TaskItem {
            id: row.task.to_string(),
            request_id: row.request.to_string(),
            title: row.title,
            stage: row.stage,
            etag: etag(&row.revision_hash),
            opened_at: row.opened_at.to_string(),
        })
        .collect();
    Ok(Json(TaskPage { items, next }))
}
