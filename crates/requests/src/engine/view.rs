//! What pages show of a state: its word, its rail, and who would be asked.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tenancy::PersonId;

use super::needs::Questions;
use super::resolve::{ask, is_member, route};
use super::{FactQuery, Facts, Outcome, Phase, SeatState, State, StuckReason, TaskKey};
use crate::condition::Scene;
use crate::form::Values;
use crate::process::{EndOutcome, Process, STAGES_MAX, START, StageKind};

/// A state in one word, with the sign and the tone that go with it. The only place that names states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StateWord {
    /// Lower case, English.
    pub word: &'static str,
    /// One character that says the same without colour.
    pub sign: &'static str,
    /// Which of the four colours.
    pub tone: Tone,
}

/// The four colours of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Done.
    Ok,
    /// Waiting.
    Wait,
    /// Refused or wrong.
    No,
    /// Neither.
    Idle,
}

/// The word of a state.
#[must_use]
pub const fn state_word(state: &State) -> StateWord {
    let (word, sign, tone) = match &state.phase {
        Phase::Draft => ("draft", "○", Tone::Idle),
        Phase::Open { .. } => ("open", "◐", Tone::Wait),
        Phase::Returned { .. } => ("returned", "↩", Tone::Wait),
        Phase::Stuck { .. } => ("stuck", "!", Tone::No),
        Phase::Ended { outcome: Outcome::Approved } => ("approved", "✓", Tone::Ok),
        Phase::Ended { outcome: Outcome::Rejected } => ("rejected", "✕", Tone::No),
        Phase::Ended { outcome: Outcome::Withdrawn } => ("withdrawn", "–", Tone::Idle),
        Phase::Ended { outcome: Outcome::Cancelled } => ("cancelled", "–", Tone::Idle),
    };
    StateWord { word, sign, tone }
}

/// One stage on the rail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RailStage {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Where it lies on the request's way.
    pub status: RailStatus,
    /// How it was decided, if it was.
    pub outcome: Option<EndOutcome>,
    /// Who is asked, or whose approvals it rests on.
    pub seats: Vec<RailSeat>,
}

/// Where a stage lies on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RailStatus {
    /// Decided.
    Done,
    /// Being decided, or waiting for its requester or an owner.
    Current,
    /// May follow.
    Next,
    /// Not on the way.
    Skipped,
}

/// One person on the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RailSeat {
    /// The task.
    pub task: TaskKey,
    /// Who.
    pub person: PersonId,
    /// What came of it; `None` stands for an approval of a decided stage.
    pub state: Option<SeatState>,
}

/// The approval stages in the document's order, each with where it lies. A stage behind the current one counts as
/// next if some route leads there; [`rail_ahead`] knows better.
#[must_use]
pub fn rail(process: &Process, state: &State) -> Vec<RailStage> {
    rail_of(process, state, &|key| {
        let from = match &state.phase {
            Phase::Draft => START,
            Phase::Ended { .. } => return false,
            Phase::Open { stage } | Phase::Returned { stage } | Phase::Stuck { stage, .. } => stage,
        };
        crate::process::leads_to(process, from, key)
    })
}

/// As [`rail`], with the way that [`dry_run`] foresees: what is not on it is skipped.
#[must_use]
pub fn rail_ahead(process: &Process, state: &State, foreseen: &[DryStage]) -> Vec<RailStage> {
    let ended = matches!(state.phase, Phase::Ended { .. });
    rail_of(process, state, &|key| !ended && foreseen.iter().any(|stage| stage.key == key))
}

fn rail_of(process: &Process, state: &State, ahead: &dyn Fn(&str) -> bool) -> Vec<RailStage> {
    let approvals = process.stages().iter().filter(|stage| matches!(stage.kind, StageKind::Approval(_)));
    let entry = |stage: &crate::process::Stage| {
        let current = state.stage() == Some(stage.key.as_str());
        let passed = state.path.iter().rev().find(|passed| passed.stage == stage.key);
        let status = match passed {
            _ if current => RailStatus::Current,
            Some(_) => RailStatus::Done,
            None if ahead(&stage.key) => RailStatus::Next,
            None => RailStatus::Skipped,
        };
        let seats = match passed {
            _ if current => state
                .seats
                .iter()
                .zip(0_u16..)
                .map(|(seat, number)| RailSeat {
                    task: TaskKey { round: state.round, seat: number },
                    person: seat.person,
                    state: Some(seat.state),
                })
                .collect(),
            Some(passed) => {
                let seat = |one: &super::Approved| RailSeat { task: one.task, person: one.person, state: None };
                passed.approvals.iter().map(seat).collect()
            }
            None => Vec::new(),
        };
        let outcome = passed.filter(|_| !current).map(|passed| passed.outcome);
        RailStage { key: stage.key.clone(), name: stage.name.clone(), status, outcome, seats }
    };
    approvals.map(entry).collect()
}

/// One stage of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryStage {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who would be asked.
    pub approvers: Vec<PersonId>,
    /// How many of them would have to approve.
    pub needed: u16,
    /// Why nobody could be asked.
    pub stuck: Option<StuckReason>,
}

/// The questions a dry run needs answered: all that the process could ask.
#[must_use]
pub fn dry_run_needs(process: &Process, requester: PersonId) -> Vec<FactQuery> {
    let mut asked = Questions::about(process, requester, BTreeSet::new());
    asked.everything();
    asked.queries.into_iter().collect()
}

/// Who will approve this, before it is submitted: the stages a request with these values passes if everybody
/// approves. Whom `same_person` would spare is not foreseen, for it is not known who decides.
#[must_use]
pub fn dry_run(
    process: &Process,
    requester: PersonId,
    values: &Values,
    facts: &Facts,
    now: Timestamp,
) -> Vec<DryStage> {
    let state = State::draft(requester);
    let today = now.to_zoned(TimeZone::UTC).date();
    let scene = Scene {
        value: &|key| values.get(key),
        today,
        submitted_on: today,
        member: &|subject, group| is_member(&state, facts, subject, group),
    };
    let mut stages = Vec::new();
    let mut from = START;
    while let Some(next) = route(process, from, EndOutcome::Approved, &scene)
        && stages.len() < STAGES_MAX
        && let Some(approval) = process.approval(next)
    {
        let name = process.stage(next).map_or_else(String::new, |stage| stage.name.clone());
        let (approvers, needed, stuck) = match ask(approval, requester, &[], facts) {
            Ok(asking) => (asking.people, asking.needed, None),
            Err(why) => (Vec::new(), 0, Some(why)),
        };
        stages.push(DryStage { key: next.to_owned(), name, approvers, needed, stuck });
        from = next;
    }
    stages
}
