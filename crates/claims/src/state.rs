//! States of claims, computed from the last run of each check. Pure: the time is an argument.
//!
//! What must stay true: proven is only what passed within its time. Stale, unfinished, never run and only awaited are
//! all not proven; a claim is as good as its worst check.

use crate::registry::{CheckId, CheckRow, ClaimRow, Group, Half, Reason, Register, Status, checks, claims};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// How far the end of a run may lie ahead of `now`, for a reader whose time was taken first.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(5);

/// How the newest run of a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It could not be finished, or had nothing to look at.
    NotProven(Reason),
}

/// What is known of a check: its newest run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The check.
    pub check: CheckId,
    /// How the newest run ended.
    pub ended: Ended,
    /// When the newest run ended.
    pub finished_at: Timestamp,
    /// When the first of the unbroken row of runs that ended like this one ended.
    pub since: Timestamp,
    /// When a run last passed.
    pub last_pass_at: Option<Timestamp>,
}

/// One of three; there is no fourth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Every check passed within its time.
    Proven {
        /// Age of the oldest of the proofs.
        age: Duration,
    },
    /// A check's newest run failed.
    Failing {
        /// Since when.
        since: Timestamp,
    },
    /// Neither: never run, stale, unfinished, or not yet true.
    NotProven {
        /// Why, in the words of the page.
        reason: String,
    },
}

impl State {
    /// The code in JSON: `proven`, `failing` or `not_proven`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::Failing { .. } => "failing",
            Self::NotProven { .. } => "not_proven",
        }
    }

    /// The short answer of the page, made from the state and from nothing else.
    #[must_use]
    pub fn short_answer(&self) -> String {
        match self {
            Self::Proven { age } => format!("Proven {} ago.", words(*age)),
            Self::Failing { since } => format!("Failing since {}.", since.strftime("%Y-%m-%d %H:%M UTC")),
            Self::NotProven { reason } => format!("Not proven: {reason}."),
        }
    }

    /// The worse of two: failing, then not proven, then proven. Of two proofs the older, of two failures the longer.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Failing { since: a }, Self::Failing { since: b }) => {
                if a <= b {
                    self
                } else {
                    other
                }
            }
            (Self::Failing { .. }, _) => self,
            (_, Self::Failing { .. }) => other,
            (Self::NotProven { .. }, _) => self,
            (_, Self::NotProven { .. }) => other,
            (Self::Proven { age: a }, Self::Proven { age: b }) => {
                if a >= b {
                    self
                } else {
                    other
                }
            }
        }
    }
}

/// The state of a check at `now`, from its newest run.
#[must_use]
pub fn check_state(row: &CheckRow, last: Option<&LastRun>, now: Timestamp) -> State {
    let Some(run) = last else {
        return not_proven("the check has not run yet");
    };
    match &run.ended {
        Ended::Fail => State::Failing { since: run.since },
        Ended::NotProven(reason) => not_proven(reason.as_str()),
        Ended::Pass => {
            let age = now.duration_since(run.finished_at);
            if age < -AHEAD_MAX {
                return not_proven("the last run is dated in the future");
            }
            let age = Duration::try_from(age).unwrap_or(Duration::ZERO);
            if age > row.max_age {
                return not_proven(&format!("the last proof is {} old, which is too old", words(age)));
            }
            State::Proven { age }
        }
    }
}

/// The state of one half of a claim at `now`.
#[must_use]
pub fn half_state(half: Half, runs: &[LastRun], now: Timestamp) -> State {
    match half {
        Half::Software(Status::Awaits(_, reason)) => not_proven(reason),
        Half::Software(Status::Live(ids)) => ids
            .iter()
            .map(|id| check_state(id.row(), newest(runs, *id), now))
            .reduce(State::worse)
            .unwrap_or_else(|| not_proven("no check stands behind it")),
        Half::Statement(register) => not_proven(&unstated(register)),
    }
}

/// The state of a claim at `now`: the worst of its halves. A claim that awaits its room says the room's reason.
#[must_use]
pub fn claim_state(row: &ClaimRow, runs: &[LastRun], now: Timestamp) -> State {
    if let Status::Awaits(_, reason) = row.status {
        return not_proven(reason);
    }
    row.halves()
        .map(|half| half_state(half, runs, now))
        .reduce(State::worse)
        .unwrap_or_else(|| not_proven("nothing stands behind it"))
}

/// How many claims are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Claims that are proven.
    pub proven: usize,
    /// Claims that are failing.
    pub failing: usize,
    /// Claims that are not proven.
    pub not_proven: usize,
}

impl Counts {
    /// Counts a list of states.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a State>) -> Self {
        let mut counts = Self::default();
        for state in states {
            match state {
                State::Proven { .. } => counts.proven += 1,
                State::Failing { .. } => counts.failing += 1,
                State::NotProven { .. } => counts.not_proven += 1,
            }
        }
        counts
    }

    /// All claims counted.
    #[must_use]
    pub fn total(&self) -> usize {
        self.proven + self.failing + self.not_proven
    }

    /// The short answer of a chapter: `9 of 12 proven, 1 failing.` Never the good number alone.
    #[must_use]
    pub fn short_answer(&self) -> String {
        let failing = if self.failing == 0 { "nothing".to_owned() } else { self.failing.to_string() };
        format!("{} of {} proven, {failing} failing.", self.proven, self.total())
    }

    /// The exit code of `countersign check`: 0 if and only if nothing is failing, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.failing > 0)
    }
}

/// The states of all claims at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The moment.
    pub now: Timestamp,
    runs: Vec<LastRun>,
    states: Vec<State>,
}

impl Standing {
    /// Computes every state at `now`. Of several runs of one check only the newest is heard.
    #[must_use]
    pub fn at(runs: Vec<LastRun>, now: Timestamp) -> Self {
        let states = claims().iter().map(|row| claim_state(row, &runs, now)).collect();
        Self { now, runs, states }
    }

    /// Every claim with its state, in the order of the ledger.
    pub fn claims(&self) -> impl Iterator<Item = (&'static ClaimRow, &State)> {
        claims().iter().zip(&self.states)
    }

    /// The claims of one chapter with their states, in the order of the ledger.
    pub fn claims_of(&self, group: Group) -> impl Iterator<Item = (&'static ClaimRow, &State)> {
        self.claims().filter(move |(row, _)| row.group == group)
    }

    /// How many claims of one chapter are in each state.
    #[must_use]
    pub fn counts_of(&self, group: Group) -> Counts {
        Counts::of(self.claims_of(group).map(|(_, state)| state))
    }

    /// Every check with its state, in the order of the table.
    pub fn checks(&self) -> impl Iterator<Item = (&'static CheckRow, State)> + '_ {
        checks().iter().map(|row| (row, self.check(row)))
    }

    /// The state of one check.
    #[must_use]
    pub fn check(&self, row: &CheckRow) -> State {
        check_state(row, newest(&self.runs, row.id), self.now)
    }

    /// The newest run of a check, if it ever ran.
    #[must_use]
    pub fn last_run(&self, id: CheckId) -> Option<&LastRun> {
        newest(&self.runs, id)
    }

    /// The halves of a claim with their states: two for S+D and S+O, else one.
    pub fn halves(&self, row: &'static ClaimRow) -> impl Iterator<Item = (Half, State)> + '_ {
        row.halves().map(|half| (half, half_state(half, &self.runs, self.now)))
    }

    /// How many claims are in each state.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.states)
    }

    /// The document behind `/trust/status.json` and `countersign check --json`.
    ///
    /// Integers and strings only; ages are whole seconds, and null where no run has ever passed.
    #[must_use]
    pub fn status_json(&self) -> Value {
        let counts = self.counts();
        let claims: Vec<Value> = self.claims().map(|(row, state)| self.claim_json(row, state)).collect();
        json!({
            "at": seconds(self.now),
            "claims": claims,
            "counts": {
                "claims": counts.total(),
                "proven": counts.proven,
                "failing": counts.failing,
                "not_proven": counts.not_proven,
            },
        })
    }

    fn claim_json(&self, row: &'static ClaimRow, state: &State) -> Value {
        let checks: Vec<Value> = row.status.checks().iter().map(|id| self.check_json(id.row())).collect();
        let halves: Vec<Value> = self.halves(row).map(half_json).collect();
        let oldest = row.status.checks().iter().map(|id| self.proof_age(*id)).reduce(|a, b| Some(a?.max(b?)));
        json!({
            "id": row.id,
            "kind": row.kind.word(),
            "group": row.group.word(),
            "severity": row.severity.word(),
            "sentence": row.sentence,
            "state": state.code(),
            "reason": reason(state),
            "since": since(state),
            "age_s": oldest.flatten(),
            "awaits": match row.status {
                Status::Awaits(room, _) => Some(room.word()),
                Status::Live(_) => None,
            },
            "halves": halves,
            "checks": checks,
        })
    }

    fn check_json(&self, row: &CheckRow) -> Value {
        let state = self.check(row);
        json!({
            "id": row.code,
            "state": state.code(),
            "reason": reason(&state),
            "since": since(&state),
            "age_s": self.proof_age(row.id),
            "last_run_at": self.last_run(row.id).map(|run| seconds(run.finished_at)),
            "cadence_s": row.cadence.as_secs(),
            "max_age_s": row.max_age.as_secs(),
            "how": row.how,
        })
    }

    /// Whole seconds since a run of the check last passed; kept while it fails or cannot be finished.
    fn proof_age(&self, id: CheckId) -> Option<u64> {
        let run = newest(&self.runs, id)?;
        let passed_at = if run.ended == Ended::Pass { Some(run.finished_at) } else { run.last_pass_at }?;
        Some(u64::try_from(self.now.duration_since(passed_at).as_secs()).unwrap_or(0))
    }
}

fn half_json((half, state): (Half, State)) -> Value {
    let (name, register) = match half {
        Half::Software(_) => ("software", None),
        Half::Statement(register) => ("statement", Some(register.word())),
    };
    json!({ "half": name, "register": register, "state": state.code(), "reason": reason(&state) })
}

fn newest(runs: &[LastRun], id: CheckId) -> Option<&LastRun> {
    runs.iter().filter(|run| run.check == id).max_by_key(|run| run.finished_at)
}

fn not_proven(reason: &str) -> State {
    State::NotProven { reason: reason.to_owned() }
}

fn reason(state: &State) -> Option<&str> {
    match state {
        State::NotProven { reason } => Some(reason),
        State::Failing { .. } => Some("the newest run of a check failed"),
        State::Proven { .. } => None,
    }
}

fn since(state: &State) -> Option<String> {
    match state {
        State::Failing { since } => Some(seconds(*since)),
        _ => None,
    }
}

/// The reason of a half that people must state and nobody has.
fn unstated(register: Register) -> String {
    format!("nobody has stated, with a date, the part that only people can, in the register of {}", register.word())
}

/// RFC 3339 in UTC, to the second.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A duration in words of one unit.
fn words(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests;
