//! Where a request stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::{PersonId, RevisionId};

use super::Verdict;

/// The state of one request. It is stored after each event and can always be replayed from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The layout of this state: 1.
    pub version: u16,
    /// Who submitted, or will.
    pub requester: PersonId,
    /// What it waits for.
    pub phase: Phase,
    /// The content in force.
    pub revision: Option<RevisionMark>,
    /// How often it started again.
    pub restarts: u16,
    /// How often a stage was opened: each opening has seats of its own.
    pub round: u32,
    /// How many approvals the open stage needs, counted at its opening and never lowered.
    pub needed: u16,
    /// How many seats the open stage had at its opening.
    pub counted: u16,
    /// The people asked in this round. A seat's number is its place here.
    pub seats: Vec<Seat>,
    /// The stages decided for the content in force, in order.
    pub path: Vec<Passed>,
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// For its requester to submit it.
    Draft,
    /// For the people of a stage.
    Open {
        /// The stage.
        stage: String,
    },
    /// For its requester to answer or edit.
    Returned {
        /// The stage that asked.
        stage: String,
    },
    /// For an owner of the process.
    Stuck {
        /// The stage that cannot be opened or decided; `start` if none was reached.
        stage: String,
        /// Why.
        why: StuckReason,
    },
    /// For nothing.
    Ended {
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Taken back by its requester.
    Withdrawn,
    /// Stopped by an administrator.
    Cancelled,
}

/// Why a request is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StuckReason {
    /// Nobody could be asked, nor anybody of the fallback.
    Nobody,
    /// Fewer people could be asked than must approve.
    TooFew,
    /// More people would be asked than a stage may have seats.
    TooMany,
    /// No route fits, which a published document does not have.
    NoRoute,
}

/// The content in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionMark {
    /// Its row.
    pub id: RevisionId,
    /// Its hash: what a decision names.
    #[serde(with = "super::event::hex32")]
    pub hash: [u8; 32],
    /// 1 for the first.
    pub number: u32,
    /// When it was submitted.
    pub submitted_at: Timestamp,
}

/// The place of a task: the same on every replay. [`task_id`](super::task_id) makes an id of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskKey {
    /// Which opening of a stage, from 1.
    pub round: u32,
    /// Which of its seats, from 0.
    pub seat: u16,
}

/// One person asked in this round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Who is asked.
    pub person: PersonId,
    /// What came of it.
    pub state: SeatState,
}

/// What came of asking somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// Nothing yet.
    Open,
    /// A decision that does not count yet.
    Given {
        /// Which.
        verdict: Verdict,
        /// When.
        at: Timestamp,
    },
    /// A decision that counts.
    Settled {
        /// Which.
        verdict: Verdict,
        /// When it was given.
        at: Timestamp,
    },
    /// The same person's approval of this revision at an earlier stage, which counts here too.
    Carried {
        /// That approval.
        from: TaskKey,
    },
    /// Not needed any more: the stage was decided by others.
    Superseded,
    /// The person left, or the content or the request changed under it.
    Void,
}

/// A stage that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The stage.
    pub stage: String,
    /// Its round.
    pub round: u32,
    /// How.
    pub outcome: crate::process::EndOutcome,
    /// The approvals it rests on.
    pub approvals: Vec<Approved>,
}

/// One approval that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Approved {
    /// Whose.
    pub person: PersonId,
    /// At which task; for a carried one the task it was given at.
    pub task: TaskKey,
}

impl State {
    /// A draft of somebody's.
    #[must_use]
    pub const fn draft(requester: PersonId) -> Self {
        Self {
            version: 1,
            requester,
            phase: Phase::Draft,
            revision: None,
            restarts: 0,
            round: 0,
            needed: 0,
            counted: 0,
            seats: Vec::new(),
            path: Vec::new(),
        }
    }

    /// The tasks somebody may still decide, with the person asked.
    pub fn open_tasks(&self) -> impl Iterator<Item = (TaskKey, PersonId)> {
        let round = self.round;
        self.seats
            .iter()
            .zip(0_u16..)
            .filter(|(seat, _)| seat.state == SeatState::Open)
            .map(move |(seat, number)| (TaskKey { round, seat: number }, seat.person))
    }

    /// Approvals of the content in force, with the stage, at decided stages and in the open one.
    pub fn approvals(&self) -> impl Iterator<Item = Approved> {
        self.path.iter().flat_map(|passed| passed.approvals.iter().copied()).chain(self.seat_approvals())
    }

    /// Approvals that count in the open round.
    pub(crate) fn seat_approvals(&self) -> impl Iterator<Item = Approved> {
        let round = self.round;
        self.seats.iter().zip(0_u16..).filter_map(move |(seat, number)| {
            let here = TaskKey { round, seat: number };
            let task = match seat.state {
                SeatState::Settled { verdict: Verdict::Approve, .. } => here,
                SeatState::Carried { from } => from,
                _ => return None,
            };
            Some(Approved { person: seat.person, task })
        })
    }

    /// The stage it stands at, if it stands at one.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        match &self.phase {
            Phase::Open { stage } | Phase::Returned { stage } | Phase::Stuck { stage, .. } => Some(stage),
            Phase::Draft | Phase::Ended { .. } => None,
        }
    }
}
