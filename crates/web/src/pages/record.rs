//! One record: who did what, and that the log holds it.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tenancy::policy::SeeTrail;
use tenancy::trail::{self, TrailRow};
use tenancy::{RecordId, Whole};

use super::audit::Named;
use super::caller::PageCaller;
use super::fail::{Answer, Fail};
use super::look::page;
use super::words;
use crate::views::{Nav, RecordPage, RecordProof};

fn id_of(text: &str) -> Result<RecordId, Fail> {
    text.parse().map_err(|_| Fail::not_found())
}

/// `GET /w/{slug}/audit/{id}`.
pub(super) async fn record(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    let id = id_of(&id)?;
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let row = trail::one(&scope, &permit, id).await?.ok_or_else(Fail::not_found)?;
    let proof = ledger::proof::prove(&scope, &permit, &row).await?.map(|proof| RecordProof {
        origin: proof.origin,
        number: proof.index + 1,
        size: proof.size,
        entry: proof.entry,
        holds: proof.holds,
        href: caller.path(&format!("/audit/{id}/proof")),
    });
    let rows = [row];
    let named = Named::of(&scope, &rows).await?;
    let [row] = rows;
    let shown = RecordPage {
        frame: caller.frame(&scope, "Record", Nav::Audit).await?,
        row: named.row(&caller, &row, scope.now()),
        id: id.to_string(),
        facts: facts(&row),
        changes: changes(&row),
        proof,
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// `GET /w/{slug}/audit/{id}/proof`: the proof as a file.
pub(super) async fn proof(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Result<Response, Fail> {
    let id = id_of(&id)?;
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let row = trail::one(&scope, &permit, id).await?.ok_or_else(Fail::not_found)?;
    let proof = ledger::proof::prove(&scope, &permit, &row).await?.ok_or_else(Fail::not_found)?;
    scope.finish();
    let name = format!("attachment; filename=\"{id}.tlog-proof\"");
    let mut response = proof.file.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment")),
    );
    Ok(response)
}

/// A value as people read it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn facts(row: &TrailRow) -> Vec<(String, String)> {
    let mut facts = vec![("Address".to_owned(), row.ip.clone()), ("Device".to_owned(), row.device.clone())];
    let context = row.context.as_object().into_iter().flatten();
    facts.extend(context.map(|(key, value)| (words::capital(&key.replace('_', " ")), text_of(value))));
    facts
}

/// What changed, member by member where both sides have members.
fn changes(row: &TrailRow) -> Vec<(String, String, String)> {
    let Some(diff) = &row.diff else { return Vec::new() };
    let (before, after) = (&diff["before"], &diff["after"]);
    if !before.is_object() && !after.is_object() {
        return vec![("Value".to_owned(), text_of(before), text_of(after))];
    }
    let mut keys: Vec<&String> =
        [before, after].into_iter().filter_map(Value::as_object).flat_map(|part| part.keys()).collect();
    keys.sort();
    keys.dedup();
    let change = |key: &String| (words::capital(&key.replace('_', " ")), text_of(&before[key]), text_of(&after[key]));
    keys.into_iter().map(change).collect()
}
