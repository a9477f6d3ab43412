//! Router, REST API and pages: the one place where an error becomes a response.
//!
//! `web` renders and parses; every rule about a request lives in `requests`, every rule about who may do it in
//! `tenancy`. A handler parses, opens a scope, asks for a permit, acts, and commits.
#![forbid(unsafe_code)]

mod anchors;
mod api;
pub mod assets;
mod crowd;
mod edge;
mod health;
mod limits;
mod mail;
mod narrowed;
mod pages;
mod problem;
mod routes;
mod state;
mod trust;
mod trust_pages;
pub mod views;

pub use crowd::{Crowd, Place};
pub use limits::{Crowded, InFlight, Limits};
pub use mail::Composer;
pub use problem::{FieldProblem, Problem, ProblemBody};
pub use routes::ROUTES;
pub use state::{App, Listener};
pub use trust::TrustSource;

use axum::extract::DefaultBodyLimit;
use axum::{Extension, Router, middleware};

/// The whole product behind one listener.
pub fn router(app: App, listener: Listener) -> Router {
    Router::new()
        .merge(api::router())
        .merge(health::router())
        .merge(trust_pages::router())
        .merge(pages::router())
        .fallback(pages::unknown)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(DefaultBodyLimit::max(app.limits.body_max_bytes))
        .layer(middleware::from_fn_with_state(app.clone(), edge::guard))
        .layer(Extension(listener))
        .with_state(app)
}
