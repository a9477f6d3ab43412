//! `/tokens`: the caller's own tokens, listed and revoked. No token makes tokens.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use identity::tokens;
use serde_json::{Value, json};
use tenancy::policy::RevokeToken;
use tenancy::{PersonTarget, TokenId, Whole};

use super::{Caller, id_of};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let permit = scope.permit::<tenancy::policy::SeeTokens>(Whole).await?;
    let rows = tokens::list(&scope, permit).await?;
    scope.finish();
    let items: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id.to_string(), "label": row.label, "scopes": row.scopes,
                "expires_at": row.expires_at.to_string(), "last_used_at": row.last_used_at.map(|at| at.to_string()),
            })
        })
        .collect();
    Ok(Json(json!({"items": items})))
}

pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: TokenId = id_of(&id)?;
    let mut scope = caller.scope(&app).await?;
    let person = scope.person()?;
    let permit = scope.permit::<RevokeToken>(PersonTarget(person)).await?;
    tokens::revoke(&mut scope, permit, id).await?;
    let _committed = scope.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
