//! The REST API under `/api/v1`: one file a resource, problem+json for every refusal.

mod audit;
mod auth;
mod body;
mod claims_list;
pub(crate) mod cursor;
mod groups;
mod idempotent;
pub(crate) mod openapi;
mod people;
mod processes;
mod reports;
mod requests;
mod tasks;

pub(crate) use auth::Caller;
pub(crate) use body::JsonBody;

use ::requests::store::ActError;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::problem::{FieldProblem, Problem};
use crate::state::App;

/// The router of the API; unknown paths and methods answer as problems too.
pub(crate) fn router() -> Router<App> {
    let v1 = Router::new()
        .route("/requests", post(requests::create).get(requests::list))
        .route("/requests/{id}", get(requests::read).patch(requests::edit))
        .route("/requests/{id}/submit", post(requests::submit_draft))
        .route("/requests/{id}/answer", post(requests::answer))
        .route("/requests/{id}/withdraw", post(requests::withdraw))
        .route("/requests/{id}/decisions", post(requests::decide).get(requests::decisions))
        .route("/requests/{id}/comments", post(requests::comment).get(requests::comments))
        .route("/requests/{id}/revisions", get(requests::revisions))
        .route("/tasks", get(tasks::list))
        .route("/processes", get(processes::list).post(processes::publish))
        .route("/processes/{key}", get(processes::read))
        .route("/reports/{key}", get(reports::read))
        .route("/people", get(people::list))
        .route("/people/{id}", get(people::read))
        .route("/groups", get(groups::list))
        .route("/groups/{id}", get(groups::read))
        .route("/audit-events", get(audit::list))
        .route("/audit-events/{id}/proof", get(audit::proof))
        .route("/claims", get(claims_list::list))
        .route("/openapi.json", get(|| async { Json(openapi::document()) }))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "This method is not for this resource.")
        });
    Router::new().nest("/api/v1", v1)
}

/// An id in a path; anything that is not one is as unknown as an unknown one.
pub(crate) fn id_of<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A strong entity tag of a hash.
pub(crate) fn etag(hash: &[u8]) -> String {
    format!("\"{}\"", data_encoding::HEXLOWER.encode(hash))
}

/// The revision hash that `If-Match` names: 428 without one, 412 for anything that cannot be one.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<[u8; 32], Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if-match-needed",
            "Say which revision you saw, in If-Match.",
        ));
    };
    let text = value.to_str().unwrap_or("").trim().trim_matches('"');
    let hash = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    hash.and_then(|bytes| bytes.try_into().ok()).ok_or_else(stale)
}

/// The content has changed since it was seen.
pub(crate) fn stale() -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "stale-revision", "The request has changed since you saw it.")
        .detail("Read it again and decide on the revision it has now.")
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        use ::requests::engine::Refusal;
        match error {
            ActError::Scope(error) => error.into(),
            ActError::Values(errors) => Self::invalid(
                errors
                    .into_iter()
                    .map(|error| FieldProblem {
                        pointer: error.pointer,
                        code: error.code.to_owned(),
                        message: error.message,
                    })
                    .collect(),
            ),
            ActError::Refused(refusal) => match &refusal {
                Refusal::StaleRevision => stale(),
                Refusal::ReasonRequired => Self::invalid_at("/reason", "reason_required", "A reason is needed."),
                Refusal::MissingFact { .. } | Refusal::ForeignState => {
                    tracing::error!(code = refusal.code(), "the engine refused an event of ours");
                    Self::internal()
                }
                other => Self::new(StatusCode::CONFLICT, other.code(), "This cannot be done now.")
                    .detail(sentence(&other.to_string())),
            },
        }
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
