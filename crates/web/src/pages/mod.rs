//! The pages: parse, open a scope, ask for a permit, act, commit, and go on with GET.

mod answers;
mod body;
mod caller;
mod edit;
mod fail;
mod fill;
mod front;
mod home;
mod look;
mod once;
mod request;
mod session;
mod sheet;
mod story;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

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
        .layer(middleware::from_fn(look::look))
        .layer(DefaultBodyLimit::max(body::FORM_BYTES_MAX))
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
