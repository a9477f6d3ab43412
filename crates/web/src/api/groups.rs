//! `/groups`: groups and who is in them.

use axum::Json;
use axum::extract::{Path, State};
use identity::groups;
use serde_json::{Value, json};
use tenancy::policy::SeePeople;
use tenancy::{GroupId, Whole};

use super::{Caller, id_of};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let groups = groups::list(&scope, permit).await?;
    scope.finish();
    let items: Vec<Value> = groups
        .iter()
        .map(|group| json!({"id": group.id.to_string(), "name": group.name, "members": group.members}))
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: GroupId = id_of(&id)?;
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let group = groups::list(&scope, permit).await?.into_iter().find(|group| group.id == id);
    let group = group.ok_or_else(Problem::not_found)?;
    let members = groups::members(&scope, id).await?;
    scope.finish();
    let members: Vec<String> = members.iter().map(ToString::to_string).collect();
    Ok(Json(json!({"id": group.id.to_string(), "name": group.name, "members": members})))
}
