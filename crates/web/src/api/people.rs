//! `/people`: who is in the workspace.

use axum::Json;
use axum::extract::{Path, State};
use identity::people::{self, Person};
use serde_json::{Value, json};
use tenancy::policy::SeePeople;
use tenancy::{PersonId, Whole};

use super::{Caller, id_of};
use crate::problem::Problem;
use crate::state::App;

fn item(person: &Person) -> Value {
    json!({
        "id": person.id.to_string(),
        "name": person.name,
        "email": person.email,
        "state": person.state,
        "role": person.role.map(tenancy::policy::Role::text),
        "manager": person.manager.map(|id| id.to_string()),
    })
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let people = people::list(&scope, permit, None).await?;
    scope.finish();
    Ok(Json(json!({"items": people.iter().map(item).collect::<Vec<_>>()})))
}

pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: PersonId = id_of(&id)?;
    let mut scope = caller.view(&app).await?;
    let _permit = scope.permit::<SeePeople>(Whole).await?;
    let person = people::get(&scope, id).await?;
    scope.finish();
    Ok(Json(item(&person)))
}
