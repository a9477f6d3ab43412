//! `/health/live` and `/health/ready`: for whoever restarts and balances.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new().route("/health/live", get(|| async { "live\n" })).route("/health/ready", get(ready))
}

/// Ready: the database answers.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.db.answers().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}
