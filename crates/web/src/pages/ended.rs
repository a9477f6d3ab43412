//! `/ended/{id}`: what is left of a workspace that ended, for whoever has its id. Its people cannot sign in any more.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ledger::ended::{Evidence, evidence};
use tenancy::WorkspaceId;

use super::caller::id_of;
use super::fail::{Answer, Fail};
use super::look::{bare_frame, page};
use super::words;
use crate::state::App;
use crate::views::{Ended, Nav};

/// `GET /ended/{id}`.
pub(super) async fn ended(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let workspace: WorkspaceId = id_of(&id)?;
    let ended = app.db.ended(workspace).await?;
    let files = evidence(&app.db, app.platform, workspace).await?;
    let shown = Ended {
        frame: bare_frame("This workspace ended", Nav::Elsewhere),
        id: workspace.to_string(),
        erased: words::until(ended.erased_at),
        certificate: ended.certificate,
        files: files.map_or_else(Vec::new, |Evidence { files }| files.iter().map(|(name, _)| *name).collect()),
    };
    Ok(page(StatusCode::OK, &shown))
}

/// `GET /ended/{id}/{file}`.
pub(super) async fn file(State(app): State<App>, Path((id, name)): Path<(String, String)>) -> Answer {
    let workspace: WorkspaceId = id_of(&id)?;
    let found = evidence(&app.db, app.platform, workspace).await?.ok_or_else(Fail::not_found)?;
    let (name, text) = found.files.into_iter().find(|(known, _)| *known == name).ok_or_else(Fail::not_found)?;
    let mut response: Response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let kept = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.insert(header::CONTENT_DISPOSITION, kept.unwrap_or(HeaderValue::from_static("attachment")));
    Ok(response)
}
