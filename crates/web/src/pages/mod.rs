//! The pages: parse, open a scope, ask for a permit, act, commit, and go on with GET.

mod answers;
mod audit;
mod audit_filter;
mod body;
mod caller;
mod edit;
mod ended;
mod erasure;
mod fail;
mod fill;
mod front;
mod groups;
mod home;
mod installation;
mod log;
mod look;
mod members;
mod once;
mod processes;
mod record;
mod request;
mod session;
mod sheet;
mod story;
mod streams;
mod tokens;
mod words;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub(crate) use words::when;

use crate::problem::Problem;
use crate::state::App;

/// Every page but the security page.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(front::enter).post(front::enter_post))
        .route("/appearance", post(front::appearance))
        .route("/assets/{hash}/{name}", get(front::asset))
        .route("/link/{slug}/{secret}", get(session::link).post(session::link_post))
        .route("/w/{slug}", get(session::bare))
        .route("/w/{slug}/", get(home::home))
        .route("/w/{slug}/sign-in", get(session::sign_in).post(session::sign_in_post))
        .route("/w/{slug}/sign-out", post(session::sign_out))
        .route("/w/{slug}/welcome", get(session::welcome).post(session::welcome_post))
        .route("/w/{slug}/catalogue", get(home::catalogue))
        .route("/w/{slug}/new/{key}", get(edit::new).post(edit::new_post))
        .route("/w/{slug}/requests/{id}", get(request::request))
        .route("/w/{slug}/requests/{id}/edit", get(edit::edit).post(edit::edit_post))
        .route("/w/{slug}/requests/{id}/decide", post(request::decide))
        .route("/w/{slug}/requests/{id}/comment", post(request::comment))
        .route("/w/{slug}/requests/{id}/withdraw", post(request::withdraw))
        .route("/w/{slug}/requests/{id}/resubmit", post(request::resubmit))
        .route("/w/{slug}/people", get(members::people).post(members::people_post))
        .route("/w/{slug}/people/{id}", get(members::person).post(members::person_post))
        .route("/w/{slug}/groups", get(groups::list).post(groups::list_post))
        .route("/w/{slug}/groups/{id}", get(groups::group).post(groups::group_post))
        .route("/w/{slug}/processes", get(processes::list))
        .route("/w/{slug}/processes/{key}", get(processes::editor).post(processes::publish))
        .route("/w/{slug}/audit", get(audit::audit))
        .route("/w/{slug}/audit/log", get(log::log).post(log::log_post))
        .route("/w/{slug}/audit/{id}", get(record::record))
        .route("/w/{slug}/audit/{id}/proof", get(record::proof))
        .route("/ended/{id}", get(ended::ended))
        .route("/ended/{id}/{file}", get(ended::file))
        .route("/w/{slug}/erasure", get(erasure::erasure).post(erasure::erasure_post))
        .route("/w/{slug}/streams", get(streams::list).post(streams::list_post))
        .route("/w/{slug}/streams/{id}", get(streams::stream).post(streams::stream_post))
        .route("/w/{slug}/tokens", get(tokens::list).post(tokens::list_post))
        .route("/w/{slug}/workspaces", get(installation::list).post(installation::list_post))
        .layer(middleware::from_fn(look::look))
}

/// The answer to a path that no route has: a page, or for the API a problem.
pub(crate) async fn unknown() -> Response {
    if crate::edge::path().starts_with("/api/") {
        return Problem::not_found().into_response();
    }
    fail::Fail::not_found().into_response()
}

/// The answer to a method that a route does not have.
pub(crate) async fn wrong_method() -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "This address takes another method.");
    if crate::edge::path().starts_with("/api/") {
        return problem.into_response();
    }
    fail::Fail::from(problem).into_response()
}
