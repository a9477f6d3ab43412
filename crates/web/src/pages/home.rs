//! Home and catalogue.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Query;
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use identity::people;
use requests::engine::{Outcome, Phase};
use requests::process::{Process, StageKind};
use requests::store::{self, Listed, RequestView, Waiting};
use serde::Deserialize;
use tenancy::policy::{Atom, SeeHome};
use tenancy::{PersonId, ReadOnly, RequestId, Scope, TaskId, Whole, ending};

use super::answers::sum_of;
use super::caller::{PageCaller, name_of};
use super::fail::{Answer, Fail};
use super::look::page;
use super::words;
use crate::views::{Catalogue, Home, Nav, ProcessCard, RequestRow, WaitingRow};

/// Rows of one page of a list.
const PAGE_ROWS: usize = 20;

/// Where the pages of the two lists begin.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    after: Option<TaskId>,
    before: Option<RequestId>,
}

/// `GET /w/{slug}/`.
pub(super) async fn home(caller: PageCaller, Query(from): Query<From>) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeHome>(Whole).await?;
    let limit = PAGE_ROWS as i64 + 1;
    let mut waiting = store::waiting(&scope, &permit, from.after, None, limit).await?;
    let mut mine = store::mine(&scope, &permit, from.before, limit).await?;
    let waiting_more = waiting.len() > PAGE_ROWS;
    let mine_more = mine.len() > PAGE_ROWS;
    waiting.truncate(PAGE_ROWS);
    mine.truncate(PAGE_ROWS);
    let (frame, ends) =
        tokio::try_join!(caller.frame(&scope, "Home", Nav::Home), async { Ok(ending::of(&scope, &permit).await?) })?;
    let name = frame.workspace.as_ref().map(|workspace| workspace.person_name.clone()).unwrap_or_default();
    let first = name.split_whitespace().next().unwrap_or("there");
    let next = |is_more, query: &str, id: Option<String>| {
        id.filter(|_| is_more).map(|id| caller.path(&format!("/?{query}={id}")))
    };
    let shown = Home {
        frame,
        greeting: format!("Hello, {first}"),
        waiting_next: next(waiting_more, "after", waiting.last().map(|row| row.task.to_string())),
        mine_next: next(mine_more, "before", mine.last().map(|row| row.id.to_string())),
        ends: ends.map(|ordered| words::until(ordered.due_at)),
        waiting: waiting_rows(&caller, &scope, &waiting).await?,
        mine: mine_rows(&caller, &scope, &mine).await?,
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

async fn waiting_rows(
    caller: &PageCaller,
    scope: &Scope<ReadOnly>,
    waiting: &[Waiting],
) -> Result<Vec<WaitingRow>, Fail> {
    // Sums stand in the content: the requests are opened together, in one flight of the connection.
    let views: Vec<RequestView> = try_join_all(waiting.iter().map(|row| store::load(scope, row.request))).await?;
    let requesters: BTreeSet<PersonId> = waiting.iter().map(|row| row.requester).collect();
    let names = people::names(scope, &requesters.into_iter().collect::<Vec<_>>()).await?;
    let row = |(task, view): (&Waiting, &RequestView)| WaitingRow {
        href: caller.path(&format!("/requests/{}", task.request)),
        title: task.title.clone(),
        stage: stage_name(&view.published.process, &task.stage),
        from: name_of(&names, task.requester),
        since: words::when(scope.now(), task.opened_at),
        amount: sum_of(view.published.process.form(), &view.values),
        due: None,
    };
    Ok(waiting.iter().zip(&views).map(row).collect())
}

/// The name of a stage as people read it.
pub(super) fn stage_name(process: &Process, key: &str) -> String {
    process.stage(key).map_or_else(|| key.to_owned(), |stage| stage.name.clone())
}

async fn mine_rows(caller: &PageCaller, scope: &Scope<ReadOnly>, mine: &[Listed]) -> Result<Vec<RequestRow>, Fail> {
    let asked: BTreeSet<PersonId> =
        mine.iter().flat_map(|row| row.state.open_tasks().map(|(_, person)| person)).take(people::NAMES_MAX).collect();
    let names = people::names(scope, &asked.into_iter().collect::<Vec<_>>()).await?;
    let row = |listed: &Listed| RequestRow {
        href: caller.path(&format!("/requests/{}", listed.id)),
        title: listed.title.clone(),
        place: place(scope, listed, &names),
        state: words::state_pill(&listed.state),
    };
    Ok(mine.iter().map(row).collect())
}

fn place(scope: &Scope<ReadOnly>, listed: &Listed, names: &BTreeMap<PersonId, String>) -> String {
    let since = listed.stage_since.unwrap_or(listed.created_at);
    let ended = |word: &str| format!("{word} on {}", words::day(since));
    match &listed.state.phase {
        Phase::Draft => "not handed in yet".to_owned(),
        Phase::Open { .. } => {
            let with: Vec<String> = listed.state.open_tasks().map(|(_, person)| name_of(names, person)).collect();
            format!("with {}, {}", words::listed(&with), words::when(scope.now(), since).text)
        }
        Phase::Returned { .. } => "changes are asked of you".to_owned(),
        Phase::Stuck { .. } => "nobody can decide it as things are".to_owned(),
        Phase::Ended { outcome: Outcome::Approved } => ended("approved"),
        Phase::Ended { outcome: Outcome::Rejected } => ended("rejected"),
        Phase::Ended { outcome: Outcome::Withdrawn } => ended("withdrawn"),
        Phase::Ended { outcome: Outcome::Cancelled } => ended("cancelled"),
    }
}

/// `GET /w/{slug}/catalogue`: the processes the reader may start.
pub(super) async fn catalogue(caller: PageCaller) -> Answer {
    let mut scope = caller.view().await?;
    drop(scope.permit::<SeeHome>(Whole).await?);
    let mut processes: Vec<ProcessCard> = store::catalogue(&scope)
        .await?
        .iter()
        .filter(|entry| scope.access().at_process(entry.published.id, scope.now()).has(Atom::RequestSubmit))
        .map(|entry| card(&caller, &entry.published.key, &entry.published.process))
        .collect();
    processes.sort_by_key(|card| card.name.to_lowercase());
    let shown = Catalogue { frame: caller.frame(&scope, "Catalogue", Nav::Catalogue).await?, processes };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

fn card(caller: &PageCaller, key: &str, process: &Process) -> ProcessCard {
    let approvals = process.stages().iter().filter(|stage| matches!(stage.kind, StageKind::Approval(_)));
    let step = |stage: &requests::process::Stage| match super::answers::asked_when(process, &stage.key) {
        condition if condition.is_empty() => stage.name.clone(),
        condition => format!("{} ({condition})", stage.name),
    };
    ProcessCard {
        start: caller.path(&format!("/new/{key}")),
        name: process.name().to_owned(),
        summary: process.summary().to_owned(),
        path: approvals.map(step).collect::<Vec<_>>().join(", then "),
    }
}
