//! `GET /reports/{process}`: how its requests stand, from clear columns only.

use ::requests::store;
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tenancy::policy::SeeReport;

use super::Caller;
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let published = store::published(&scope, &key).await?;
    let permit = scope.permit::<SeeReport>(published.id).await?;
    let counts = store::counts(&scope, &permit).await?;
    scope.finish();
    Ok(Json(json!({"process": published.key, "requests_by_state": counts})))
}
