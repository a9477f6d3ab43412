//! Processes and their plain text editor.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use data_encoding::HEXLOWER;
use identity::people;
use requests::process::{Problem as Finding, Process};
use requests::store::{self, PublishError, Published, Version};
use serde::Deserialize;
use tenancy::policy::{Atom, PublishProcess, SeeVersions};
use tenancy::{Mode, PersonId, Scope, Whole};

use super::body::Pairs;
use super::caller::{PageCaller, name_of};
use super::fail::{Answer, Fail};
use super::look::{Done, page, see_other_with};
use super::words;
use crate::views::{Nav, Pill, ProcessEdit, ProcessProblem, ProcessRow, Processes, Tone, VersionRow};

/// The key that no process has: its page is an empty editor.
const NEW: &str = "new";
/// What an empty editor begins with.
const EXAMPLE: &str = include_str!("../../../requests/samples/purchase.json");

/// `GET /w/{slug}/processes`.
pub(super) async fn list(caller: PageCaller) -> Answer {
    let mut scope = caller.view().await?;
    drop(scope.permit::<SeeVersions>(Whole).await?);
    let mut versions = store::versions(&scope).await?;
    let publishers: BTreeSet<PersonId> =
        versions.values().flatten().filter_map(|version| version.published_by).take(people::NAMES_MAX).collect();
    let names = people::names(&scope, &publishers.into_iter().collect::<Vec<_>>()).await?;
    let row = |published: &Published, versions: Vec<Version>| {
        let href = caller.path(&format!("/processes/{}", published.key));
        ProcessRow {
            key: published.key.clone(),
            name: published.process.name().to_owned(),
            summary: published.process.summary().to_owned(),
            versions: versions.iter().map(|version| version_row(&href, version, &names, scope.now())).collect(),
            href,
        }
    };
    let mut processes: Vec<ProcessRow> = store::catalogue(&scope)
        .await?
        .iter()
        .map(|entry| row(&entry.published, versions.remove(&entry.published.id).unwrap_or_default()))
        .collect();
    processes.sort_by_key(|process| process.name.to_lowercase());
    let may_publish = scope.atoms().has(Atom::ProcessPublish);
    let shown = Processes {
        frame: caller.frame(&scope, "Processes", Nav::Processes).await?,
        processes,
        new: may_publish.then(|| caller.path("/processes/new")),
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

fn version_row(href: &str, version: &Version, names: &BTreeMap<PersonId, String>, now: jiff::Timestamp) -> VersionRow {
    let state = match version.state.as_str() {
        "published" => Pill::new(Tone::Ok, "Published"),
        "retired" => Pill::new(Tone::Idle, "Retired").with_sign("–"),
        other => Pill::new(Tone::Idle, words::capital(other)),
    };
    VersionRow {
        number: u32::try_from(version.version).unwrap_or(0),
        hash_short: words::short_hash(&version.hash),
        state,
        when: words::when(now, version.published_at.unwrap_or(now)),
        who: version.published_by.map_or_else(|| "the operator".to_owned(), |person| name_of(names, person)),
        href: format!("{href}?version={}", version.version),
    }
}

/// Which version the editor shows.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    version: Option<i32>,
}

/// `GET /w/{slug}/processes/{key}`; the key `new` is an editor with an example.
pub(super) async fn editor(
    caller: PageCaller,
    Path((_slug, key)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Answer {
    let mut scope = caller.view().await?;
    drop(scope.permit::<SeeVersions>(Whole).await?);
    let base = if key == NEW { None } else { Some(store::published(&scope, &key).await?) };
    let document = match (&base, which.version) {
        (None, _) => EXAMPLE.to_owned(),
        (Some(base), Some(version)) if version != base.version => {
            pretty(&store::version(&scope, base.id, version).await?.process)
        }
        (Some(base), _) => pretty(&base.process),
    };
    let shown = editor_page(&caller, &scope, base.as_ref(), document, Vec::new()).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// A document with line breaks, for people to edit.
fn pretty(process: &Process) -> String {
    let canonical = process.to_canonical();
    serde_json::from_str::<serde_json::Value>(&canonical)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or(canonical)
}

async fn editor_page<M: Mode>(
    caller: &PageCaller,
    scope: &Scope<M>,
    base: Option<&Published>,
    document: String,
    problems: Vec<ProcessProblem>,
) -> Result<ProcessEdit, Fail> {
    let headline = base.map_or("New process", |base| base.process.name()).to_owned();
    let key = base.map_or(NEW, |base| &base.key);
    Ok(ProcessEdit {
        frame: caller.frame(scope, &headline, Nav::Processes).await?,
        action: caller.path(&format!("/processes/{key}")),
        headline,
        version: base.map(|base| format!("version {}, published", base.version)).unwrap_or_default(),
        base_hash: base.map(|base| HEXLOWER.encode(&base.hash)).unwrap_or_default(),
        document,
        problems,
        may_publish: scope.atoms().has(Atom::ProcessPublish),
    })
}

/// `POST /w/{slug}/processes/{key}`.
pub(super) async fn publish(caller: PageCaller, Path((_slug, key)): Path<(String, String)>, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<PublishProcess>(Whole).await?;
    let base = if key == NEW { None } else { Some(store::published(&scope, &key).await?) };
    let document = form.get("document");
    let mut problems = before_publishing(&scope, base.as_ref(), document, form.get("base_hash")).await?;
    if problems.is_empty() {
        match store::publish(&mut scope, permit, document.as_bytes()).await {
            Ok(_) => {
                drop(scope.commit().await?);
                return Ok(see_other_with(&caller.path("/processes"), Done::Published));
            }
            Err(PublishError::Problems(found)) => problems = found.into_iter().map(problem).collect(),
            Err(other) => return Err(other.into()),
        }
    }
    let shown = editor_page(&caller, &scope, base.as_ref(), document.to_owned(), problems).await?;
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown))
}

fn problem(finding: Finding) -> ProcessProblem {
    ProcessProblem { pointer: finding.pointer, text: finding.message }
}

/// What only the editor knows: which process and which version the text was taken from.
async fn before_publishing<M: Mode>(
    scope: &Scope<M>,
    base: Option<&Published>,
    document: &str,
    base_hash: &str,
) -> Result<Vec<ProcessProblem>, Fail> {
    let process = match Process::parse(document.as_bytes()) {
        Ok(process) => process,
        Err(found) => return Ok(found.into_iter().map(problem).collect()),
    };
    let at = |pointer: &str, text: String| vec![ProcessProblem { pointer: pointer.to_owned(), text }];
    let Some(base) = base else {
        return match store::published(scope, process.key()).await {
            Ok(_) => Ok(at("/key", format!("There is a process \"{}\" already. Open it to edit it.", process.key()))),
            Err(tenancy::Error::NotFound) if process.key() == NEW => {
                Ok(at("/key", "The key \"new\" is taken by this page. Choose another.".to_owned()))
            }
            Err(tenancy::Error::NotFound) => Ok(Vec::new()),
            Err(other) => Err(other.into()),
        };
    };
    if process.key() != base.key {
        return Ok(at("/key", format!("The key of this process is \"{}\" and stays.", base.key)));
    }
    if base_hash != HEXLOWER.encode(&base.hash) {
        let text = format!(
            "Version {} was published meanwhile. What you typed is below; compare it and publish again.",
            base.version
        );
        return Ok(at("", text));
    }
    Ok(Vec::new())
}
