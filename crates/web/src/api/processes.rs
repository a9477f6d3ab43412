//! `/processes`: the catalogue, one process with its form, and publishing.

use ::requests::store::{self, PublishError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy::Whole;
use tenancy::policy::{PublishProcess, SeeHome, SeeProcess, Verdict};
use utoipa::ToSchema;

use super::{Caller, JsonBody};
use crate::problem::{FieldProblem, Problem};
use crate::state::App;

/// A document to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProcess {
    /// The process document.
    #[schema(value_type = Object)]
    pub document: Value,
}

fn summary(published: &store::Published) -> Value {
    json!({
        "id": published.id.to_string(),
        "key": published.key,
        "name": published.process.name(),
        "summary": published.process.summary(),
        "version": published.version,
        "version_hash": data_encoding::HEXLOWER.encode(&published.hash),
    })
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let _permit = scope.permit::<SeeHome>(Whole).await?;
    let all = store::catalogue(&scope).await?;
    let items: Vec<Value> = all
        .iter()
        .filter(|entry| {
            let facts = tenancy::policy::Facts { process: Some(entry.published.id), ..Default::default() };
            scope.judge::<SeeProcess>(facts) == Verdict::Allowed
        })
        .map(|entry| summary(&entry.published))
        .collect();
    scope.finish();
    Ok(Json(json!({"items": items})))
}

pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, Problem> {
    let mut scope = caller.view(&app).await?;
    let published = store::published(&scope, &key).await?;
    let _permit = scope.permit::<SeeProcess>(published.id).await?;
    scope.finish();
    let mut body = summary(&published);
    let document: Value = serde_json::from_str(&published.process.to_canonical()).map_err(|_| Problem::internal())?;
    body["form"] = document["form"].clone();
    body["stages"] = document["stages"].clone();
    Ok(Json(body))
}

pub(crate) async fn publish(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody<NewProcess>,
) -> Result<Response, Problem> {
    let mut scope = caller.scope(&app).await?;
    let permit = scope.permit::<PublishProcess>(Whole).await?;
    let document = body.value.document.to_string().into_bytes();
    let published = store::publish(&mut scope, permit, &document).await.map_err(problem)?;
    let _committed = scope.commit().await?;
    let location = format!("/api/v1/processes/{}", published.key);
    let headers = [(axum::http::header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(summary(&published))).into_response())
}

/// The publish check's sentences, as field problems of the document.
pub(crate) fn problem(error: PublishError) -> Problem {
    match error {
        PublishError::Scope(error) => error.into(),
        PublishError::Problems(problems) => Problem::invalid(
            problems
                .into_iter()
                .map(|problem| FieldProblem {
                    pointer: format!("/document{}", problem.pointer),
                    code: problem.code.to_owned(),
                    message: problem.message,
                })
                .collect(),
        ),
    }
}
