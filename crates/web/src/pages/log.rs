//! The log of a workspace: recomputing it, what that came to, and where it is anchored.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ledger::verifying::{Busy, TIME_MAX};
use tenancy::epoch::{self, OpeningSeen, Why};
use tenancy::leaves::{self, LogHead};
use tenancy::policy::{MailCheckpoint, SeeTrail, TakeCheckpoint, VerifyTrail};
use tenancy::trail::{self, TrailFilter, TrailRow};
use tenancy::{Permit, ReadOnly, Record, Scope, Whole, held};

use super::body::Pairs;
use super::caller::PageCaller;
use super::fail::{Answer, Fail};
use super::look::{page, see_other};
use super::words;
use crate::anchors::{self, Held};
use crate::problem::Problem;
use crate::views::{AuditLog, Finding, LogVerdict, Nav, Verifying};

/// Seconds after which the page asks again while the log is recomputed.
const REFRESH_S: &str = "4";

/// `GET /w/{slug}/audit/log`.
pub(super) async fn log(caller: PageCaller) -> Answer {
    show(&caller, StatusCode::OK, None).await
}

/// `POST /w/{slug}/audit/log`: has the log recomputed, takes the newest checkpoint away, or has it mailed every day. Each leaves
/// a record.
pub(super) async fn log_post(caller: PageCaller, form: Pairs) -> Answer {
    match form.get("act") {
        "verify" => verify(&caller).await,
        "checkpoint" => checkpoint(&caller).await,
        act @ ("mail" | "no-mail") => {
            let mut scope = caller.scope().await?;
            let permit = scope.permit::<MailCheckpoint>(Whole).await?;
            held::set(&mut scope, permit, act == "mail").await?;
            drop(scope.commit().await?);
            Ok(see_other(&caller.path("/audit/log")))
        }
        _ => Err(Problem::malformed("The form does not say what to do.").into()),
    }
}

async fn verify(caller: &PageCaller) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<VerifyTrail>(Whole).await?;
    let place = match caller.app.verifications.take(caller.workspace) {
        Ok(place) => place,
        // It runs already: the page that comes shows how far it is.
        Err(Busy::Running) => return Ok(see_other(&caller.path("/audit/log"))),
        Err(busy @ Busy::Server) => {
            drop(scope);
            return show(caller, StatusCode::SERVICE_UNAVAILABLE, Some(words::capital(&busy.to_string()))).await;
        }
    };
    scope.write(permit, Record::about(caller.workspace.uuid()))?;
    drop(scope.commit().await?);
    place.begin(caller.app.db.clone());
    Ok(see_other(&caller.path("/audit/log")))
}

/// The newest checkpoint as a file. That it was taken is what the page says of checkpoints that are kept elsewhere.
async fn checkpoint(caller: &PageCaller) -> Answer {
    let mut view = caller.view().await?;
    let see = view.permit::<SeeTrail>(Whole).await?;
    let head = leaves::head(&view, &see).await?;
    view.finish();
    let note = head.as_ref().and_then(|head| head.checkpoint.clone()).ok_or_else(Fail::not_found)?;
    let size = head.map_or(0, |head| head.signed_size);
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<TakeCheckpoint>(Whole).await?;
    scope.write(permit, Record::about(caller.workspace.uuid()).with("records", size))?;
    drop(scope.commit().await?);
    let mut response: Response = note.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let name = format!("attachment; filename=\"checkpoint.{size}\"");
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

async fn show(caller: &PageCaller, status: StatusCode, error: Option<String>) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let now = scope.now();
    // Looked at first: whoever ends has left the verdict before.
    let running = caller.app.verifications.progress(caller.workspace);
    let head = leaves::head(&scope, &permit).await?;
    let newest = async |code: &str| newest_of(&scope, &permit, code).await;
    let verdict = newest("audit.verified").await?;
    let ordered = newest("audit.verify").await?;
    let taken =
        [newest("audit.export").await?, newest("audit.checkpoint").await?, newest("audit.checkpoint_sent").await?];
    let taken = taken.into_iter().flatten().max_by_key(|row| row.order);
    let anchors = caller.app.anchors.look(&caller.app.db).await?;
    let held = Held { now, taken: taken.map(|row| row.at) };
    let is_lost = running.is_none() && ordered.as_ref().map(|row| row.order) > verdict.as_ref().map(|row| row.order);
    let shown = AuditLog {
        frame: caller.frame(&scope, "The log", Nav::Audit).await?,
        stands: head.as_ref().and_then(|head| stands(now, head)),
        began: began(now, &epoch::openings(&scope, &permit).await?),
        running: running.map(|(done, all)| Verifying::new(done, all)),
        lost: ordered.filter(|_| is_lost).map(|row| words::when(now, row.at)),
        verdict: verdict.map(|row| verdict_of(caller, now, &row)),
        error,
        is_mailed: held::is_set(&scope, &permit).await?,
        minutes_max: TIME_MAX.as_secs() / 60,
        anchors: anchors::rows(&anchors, now, Some(held)),
    };
    scope.finish();
    let mut response = page(status, &shown);
    if running.is_some() {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(REFRESH_S));
    }
    Ok(response)
}

async fn newest_of(
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    code: &str,
) -> Result<Option<TrailRow>, tenancy::Error> {
    let filter = TrailFilter { action: Some(code.to_owned()), ..TrailFilter::default() };
    Ok(trail::list(scope, permit, &filter, 1).await?.pop())
}

/// How the log began anew, in words.
fn began(now: jiff::Timestamp, openings: &[OpeningSeen]) -> Vec<(crate::views::When, String)> {
    let words = |one: &OpeningSeen| {
        let why = match one.why {
            Why::Restored => "the database was put back to an earlier state",
            Why::Ordered => "the operator ordered it",
        };
        let lost = match one.lost() {
            Some(0) => "no record that had been signed is lost".to_owned(),
            Some(lost) => format!("{lost} records that had been signed are lost"),
            None => "it is not known how many records that had been signed are lost".to_owned(),
        };
        let told = if one.told { "" } else { " The records of before are being given their places." };
        format!("Epoch {}, because {why}: {lost}.{told}", one.epoch)
    };
    openings.iter().map(|one| (words::when(now, one.at), words(one))).collect()
}

/// Records that are signed, the name of the log, and when that was.
fn stands(now: jiff::Timestamp, head: &LogHead) -> Option<(u64, String, crate::views::When)> {
    let origin = head.checkpoint.as_deref()?.lines().next()?.to_owned();
    Some((head.signed_size, origin, words::when(now, head.signed_at?)))
}

fn verdict_of(caller: &PageCaller, now: jiff::Timestamp, row: &TrailRow) -> LogVerdict {
    let number = |name: &str| row.context[name].as_u64().unwrap_or(0);
    let findings = row.context.as_object().into_iter().flatten();
    let findings = findings.filter(|(key, _)| key.starts_with("finding_")).filter_map(|(_, value)| value.as_str());
    let findings: Vec<Finding> = findings.map(|text| finding(caller, text)).collect();
    LogVerdict {
        at: words::when(now, row.at),
        failed: row.context["failed"].as_str().map(str::to_owned),
        origin: row.context["origin"].as_str().unwrap_or_default().to_owned(),
        records: number("records"),
        signed: number("signed"),
        intact: number("intact"),
        waiting: number("waiting"),
        wrong: number("wrong"),
        more: number("wrong").saturating_sub(findings.len() as u64),
        findings,
    }
}

/// A finding, with a link to the record that it names.
fn finding(caller: &PageCaller, text: &str) -> Finding {
    let named = text.strip_prefix("record ").and_then(|rest| rest.split_once(' '));
    match named.and_then(|(id, rest)| Some((id.parse::<uuid::Uuid>().ok()?, rest))) {
        Some((id, rest)) => {
            Finding { record: Some((id.to_string(), caller.path(&format!("/audit/{id}")))), text: rest.to_owned() }
        }
        None => Finding { record: None, text: words::capital(text) },
    }
}
