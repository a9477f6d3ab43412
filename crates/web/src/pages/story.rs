//! What happened to a request, and where it stands.

use jiff::Timestamp;
use requests::engine::{Outcome, Phase, RailStage, RailStatus, SeatState, StuckReason, Verdict, rail_ahead};
use requests::process::EndOutcome;
use requests::store::DecisionRow;

use super::home::stage_name;
use super::sheet::Known;
use super::words;
use crate::views::{Happening, Notice, Stop, StopState, Tone};

/// What the reader has to know first.
pub(super) fn notice(known: &Known) -> Option<Notice> {
    let last = |verdict: &str| known.decisions.iter().rev().find(|decision| decision.verdict == verdict);
    let said = |tone, words: &str, decision: &DecisionRow| Notice {
        tone,
        title: format!("{} {words}", known.name(decision.person)),
        text: decision.reason.clone().unwrap_or_default(),
    };
    match &known.view.state.phase {
        Phase::Returned { .. } => last("ask_changes").map(|decision| said(Tone::Wait, "asks for changes", decision)),
        Phase::Ended { outcome: Outcome::Rejected } => {
            last("reject").map(|decision| said(Tone::No, "rejected it", decision))
        }
        Phase::Stuck { stage, why } => Some(Notice {
            tone: Tone::No,
            title: format!("Nobody can decide {} just now", stage_name(&known.view.published.process, stage)),
            text: match why {
                StuckReason::Nobody => "Nobody could be asked, nor anybody of the fallback.",
                StuckReason::TooFew => "Fewer people could be asked than must approve.",
                StuckReason::TooMany => "More people would be asked than a stage may have.",
                StuckReason::NoRoute => "No way leads on from here.",
            }
            .to_owned(),
        }),
        _ => None,
    }
}

/// Events, decisions and comments in the order of their times.
pub(super) fn happened(known: &Known, now: Timestamp) -> Vec<Happening> {
    let mut lines: Vec<(Timestamp, Happening)> = Vec::new();
    for event in &known.events {
        let who = event.actor.map_or_else(|| "The system".to_owned(), |person| known.name(person));
        let text = match event.kind.as_str() {
            "drafted" => format!("{who} saved a draft"),
            "submitted" => format!("{who} handed it in"),
            "answered" => format!("{who} handed it in again without a change"),
            "withdrawn" => format!("{who} withdrew it"),
            "person_left" => "Somebody who was asked left the workspace".to_owned(),
            // These stand in the lists of revisions and decisions, with more to say.
            _ => continue,
        };
        lines.push(line(now, event.at, &who, text));
    }
    for revision in known.revisions.iter().filter(|revision| revision.number > 1) {
        let who = known.name(revision.by);
        let text = format!("{who} saved revision {}", revision.number);
        let (at, mut happening) = line(now, revision.at, &who, text);
        happening.detail = "Decisions on what it said before no longer count.".to_owned();
        lines.push((at, happening));
    }
    for decision in &known.decisions {
        lines.push(decided(known, now, decision));
    }
    for comment in &known.comments {
        let who = known.name(comment.author);
        let (at, mut happening) = line(now, comment.at, &who, format!("{who} commented"));
        happening.quote.clone_from(&comment.body);
        lines.push((at, happening));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, happening)| happening).collect()
}

fn line(now: Timestamp, at: Timestamp, who: &str, text: String) -> (Timestamp, Happening) {
    let when = words::when(now, at);
    (at, Happening { initials: words::initials(who), text, when, detail: String::new(), quote: String::new() })
}

fn decided(known: &Known, now: Timestamp, decision: &DecisionRow) -> (Timestamp, Happening) {
    let who = known.name(decision.person);
    let stage = stage_name(&known.view.published.process, &decision.stage);
    let text = match decision.verdict.as_str() {
        "approve" => format!("{who} approved as {stage}"),
        "reject" => format!("{who} rejected it as {stage}"),
        _ => format!("{who} asked for changes as {stage}"),
    };
    let (at, mut happening) = line(now, decision.given_at, &who, text);
    let revision = known.revisions.iter().find(|revision| revision.hash == decision.revision_hash);
    let mut detail = revision.map(|revision| format!("Revision {}.", revision.number)).unwrap_or_default();
    if decision.channel == "api" {
        detail.push_str(" Over the API.");
    }
    if decision.voided_at.is_some() {
        detail.push_str(" It no longer counts: the request changed.");
    }
    happening.detail = detail.trim_start().to_owned();
    happening.quote = decision.reason.clone().unwrap_or_default();
    (at, happening)
}

/// The stages in order, with who decided or is asked.
pub(super) fn rail(known: &Known, now: Timestamp) -> Vec<Stop> {
    let view = &known.view;
    let stages = rail_ahead(&view.published.process, &view.state, &known.foreseen);
    stages.iter().map(|stage| stop(known, now, stage)).collect()
}

fn stop(known: &Known, now: Timestamp, stage: &RailStage) -> Stop {
    let view = &known.view;
    let state = match (stage.status, &view.state.phase) {
        (RailStatus::Done, _) if stage.outcome == Some(EndOutcome::Rejected) => StopState::Refused,
        (RailStatus::Done, _) => StopState::Done,
        (RailStatus::Current, Phase::Returned { .. }) => StopState::Returned,
        (RailStatus::Current, Phase::Stuck { .. }) => StopState::Refused,
        (RailStatus::Current, _) => StopState::Now,
        (RailStatus::Next, _) => StopState::Next,
        (RailStatus::Skipped, _) => StopState::Skipped,
    };
    let names = |people: Vec<tenancy::PersonId>| {
        words::listed(&people.into_iter().map(|person| known.name(person)).collect::<Vec<_>>())
    };
    let decided = || {
        known.decisions.iter().filter(|decision| decision.stage == stage.key).map(|decision| decision.given_at).max()
    };
    let (who, since) = match stage.status {
        RailStatus::Done => (names(stage.seats.iter().map(|seat| seat.person).collect()), decided()),
        RailStatus::Current => {
            let open = stage.seats.iter().filter(|seat| seat.state == Some(SeatState::Open));
            (names(open.map(|seat| seat.person).collect()), view.stage_since)
        }
        RailStatus::Next => {
            let foreseen = known.foreseen.iter().find(|dry| dry.key == stage.key);
            (names(foreseen.map(|dry| dry.approvers.clone()).unwrap_or_default()), None)
        }
        RailStatus::Skipped => (String::new(), None),
    };
    let since = since.map(|at| words::when(now, at));
    Stop { state, name: stage.name.clone(), who, since, note: note(known, stage) }
}

/// How many approvals the open stage still needs.
fn note(known: &Known, stage: &RailStage) -> String {
    let state = &known.view.state;
    if stage.status != RailStatus::Current || !matches!(state.phase, Phase::Open { .. }) || state.needed < 2 {
        return String::new();
    }
    let counts = |seat: &SeatState| {
        matches!(seat, SeatState::Settled { verdict: Verdict::Approve, .. } | SeatState::Carried { .. })
    };
    let given = stage.seats.iter().filter_map(|seat| seat.state.as_ref()).filter(|seat| counts(seat)).count();
    format!("{given} of {} approvals given", state.needed)
}
