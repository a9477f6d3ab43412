//! `/trust`: the security page in its two views, and its status for programs. Open to everybody; the public row of a
//! failing check shows its state and age, not what it saw.

use askama::Template as _;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use claims::registry::{CheckId, ClaimRow as Row, Group, Status};
use claims::state::{Standing, State as Verdict};
use jiff::Timestamp;
use serde::Deserialize;

use crate::state::App;
use crate::views::{
    ClaimGroup, ClaimRow, Frame, LedgerRow, LedgerSource, Nav, Pill, Run, Tally, Theme, Tone, Trust, TrustLedger, When,
};
use crate::{anchors, edge, problem};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/trust", get(installation))
        .route("/trust/ledger", get(ledger))
        .route("/trust/status.json", get(status))
}

async fn status(State(app): State<App>) -> Response {
    Json(app.trust.standing().await.status_json()).into_response()
}

fn frame(title: &str, active: Nav, headers: &HeaderMap) -> Frame {
    Frame {
        title: title.to_owned(),
        workspace: None,
        active,
        theme: theme_of(headers),
        nonce: edge::nonce(),
        flash: None,
    }
}

/// The theme that the cookie names.
pub(crate) fn theme_of(headers: &HeaderMap) -> Theme {
    let cookies = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let word = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == "cs-theme").then_some(value));
    Theme::from_word(word.unwrap_or("system"))
}

fn tally(standing: &Standing) -> Tally {
    let counts = standing.counts();
    let oldest = standing.claims().filter_map(|(_, state)| match state {
        Verdict::Proven { age } => Some(*age),
        _ => None,
    });
    Tally {
        proven: counts.proven,
        proven_note: oldest.max().map(|age| format!("oldest {}", ago(age.as_secs()))).unwrap_or_default(),
        failing: counts.failing,
        failing_note: String::new(),
        not_proven: counts.not_proven,
    }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s ago"),
        120..=7199 => format!("{} min ago", seconds / 60),
        7200..=172_799 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

fn pill(state: &Verdict) -> Pill {
    match state {
        Verdict::Proven { age } => Pill::new(Tone::Ok, format!("proven {}", ago(age.as_secs()))),
        Verdict::Failing { .. } => Pill::new(Tone::No, "failing"),
        Verdict::NotProven { .. } => Pill::new(Tone::Idle, "not proven"),
    }
}

fn answer(app: &App, row: &Row, state: &Verdict) -> String {
    match state {
        Verdict::NotProven { reason } => reason.clone(),
        Verdict::Failing { .. } => "The newest run failed. The operator sees what it saw.".to_owned(),
        Verdict::Proven { .. } => {
            let seen: Vec<String> =
                row.status.checks().iter().filter_map(|check| app.trust.observation(*check)).collect();
            seen.join("; ")
        }
    }
}

fn runs(app: &App, checks: &[CheckId]) -> Vec<Run> {
    let strip = checks.first().map(|check| app.trust.strip(*check)).unwrap_or_default();
    let start = strip.len().saturating_sub(30);
    strip[start..]
        .bytes()
        .map(|run| match run {
            b'p' => Run::Passed,
            b'f' => Run::Failed,
            _ => Run::NoResult,
        })
        .collect()
}

async fn installation(State(app): State<App>, headers: HeaderMap) -> Response {
    let standing = app.trust.standing().await;
    let mut groups = Vec::new();
    for group in Group::ALL {
        let mut rows: Vec<(&Row, &Verdict)> = standing
            .claims_of(*group)
            .filter(|(row, state)| row.status.is_live() || matches!(state, Verdict::Failing { .. }))
            .collect();
        rows.sort_by_key(|(_, state)| matches!(state, Verdict::Failing { .. }).then_some(0).unwrap_or(1));
        if rows.is_empty() {
            continue;
        }
        let claims = rows.iter().map(|(row, state)| claim(&app, row, state)).collect();
        let key = group.word().to_ascii_lowercase().replace(' ', "-");
        groups.push(ClaimGroup { key, name: group.word().to_owned(), claims });
    }
    let now = standing.now;
    let anchors = app.anchors.look(&app.db).await.map(|anchors| anchors::rows(&anchors, now, None)).unwrap_or_default();
    let frame = frame("Security", Nav::Trust, &headers);
    let page = Trust { frame, tally: tally(&standing), checked: when(now), groups, anchors };
    html(page.render())
}

fn claim(app: &App, row: &Row, state: &Verdict) -> ClaimRow {
    let checks = row.status.checks();
    let how: Vec<&str> = checks.iter().map(|check| check.row().how).collect();
    ClaimRow {
        id: row.id.to_owned(),
        sentence: row.sentence.to_owned(),
        observation: answer(app, row, state),
        how: how.join(" "),
        enforced_by: row.enforced_by.iter().map(|path| (*path).to_owned()).collect(),
        runs: runs(app, checks),
        state: pill(state),
    }
}

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

/// Longest search text that is looked for.
const QUERY_CHARS_MAX: usize = 100;

const SOURCES: [(&str, &str); 5] = [
    ("PIQ", "Request workflows"),
    ("PLN", "Forms, export, SFTP"),
    ("PLX", "Documents, search, assistant, widgets"),
    ("EMH", "Mail handling"),
    ("PSA", "Automation actions"),
];

async fn ledger(State(app): State<App>, Query(search): Query<Search>, headers: HeaderMap) -> Response {
    let standing = app.trust.standing().await;
    let query: String = search.q.trim().chars().take(QUERY_CHARS_MAX).collect();
    let needle = query.to_lowercase();
    let mut shown = 0;
    let mut sources = Vec::new();
    for (key, name) in SOURCES {
        let rows: Vec<LedgerRow> = standing
            .claims()
            .filter(|(row, _)| row.id.starts_with(key))
            .map(|(row, state)| LedgerRow {
                id: row.id.to_owned(),
                sentence: row.sentence.to_owned(),
                state: pill(state),
                answer: match &row.status {
                    Status::Awaits(room, reason) => format!("Awaits {}. {reason}", room.word()),
                    Status::Live(_) => answer(&app, row, state),
                },
            })
            .filter(|row| {
                needle.is_empty()
                    || row.id.to_lowercase().contains(&needle)
                    || row.sentence.to_lowercase().contains(&needle)
                    || row.answer.to_lowercase().contains(&needle)
            })
            .collect();
        shown += rows.len();
        if !rows.is_empty() {
            sources.push(LedgerSource { key: key.to_owned(), name: name.to_owned(), rows });
        }
    }
    let frame = frame("Ledger of claims", Nav::TrustLedger, &headers);
    html(TrustLedger { frame, tally: tally(&standing), query, shown, sources }.render())
}

fn when(at: Timestamp) -> When {
    let text = at.to_string();
    When::new(text.clone(), at.strftime("%H:%M:%S UTC").to_string(), text)
}

fn html(rendered: Result<String, askama::Error>) -> Response {
    match rendered {
        Ok(text) => Html(text).into_response(),
        Err(_) => problem::Problem::internal().into_response(),
    }
}
