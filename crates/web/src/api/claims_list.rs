//! `GET /claims`: the verdicts of this installation, as `/trust/status.json` has them.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(Json(app.trust.standing().await.status_json()))
}
