//! What happens to a request, what follows from it, and why it may be refused.

use serde::{Deserialize, Serialize};
use tenancy::{PersonId, RevisionId};

use super::TaskKey;

/// What happened. Content is never part of it: ids and hashes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The requester hands the draft in.
    Submitted {
        /// Who.
        by: PersonId,
        /// The first revision.
        revision: RevisionId,
        /// Its hash.
        #[serde(with = "hex32")]
        hash: [u8; 32],
    },
    /// The requester changes the content: all decisions are void.
    Edited {
        /// Who.
        by: PersonId,
        /// The new revision.
        revision: RevisionId,
        /// Its hash.
        #[serde(with = "hex32")]
        hash: [u8; 32],
    },
    /// The requester answers "ask for changes" without changing the content.
    Answered {
        /// Who.
        by: PersonId,
    },
    /// The requester takes the request back.
    Withdrawn {
        /// Who.
        by: PersonId,
    },
    /// An administrator stops it.
    Cancelled {
        /// Who.
        by: PersonId,
        /// Whether a reason was given.
        reason: Reason,
    },
    /// Somebody decides.
    Decided {
        /// At which task.
        task: TaskKey,
        /// Who.
        person: PersonId,
        /// What.
        verdict: Verdict,
        /// The hash of the revision that was shown.
        #[serde(with = "hex32")]
        revision_hash: [u8; 32],
        /// Whether a reason was given.
        reason: Reason,
    },
    /// A decision can no longer be taken back. At 0 seconds it settles in the same step as it is given.
    Settled {
        /// At which task.
        task: TaskKey,
    },
    /// Somebody left the workspace: open seats are filled anew.
    PersonLeft {
        /// Who.
        person: PersonId,
    },
    /// An owner has a stuck request tried again with today's directory.
    Retried {
        /// Who.
        by: PersonId,
    },
}

/// A decision's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No; needs a reason.
    Reject,
    /// Back to the requester; needs a reason.
    AskChanges,
}

/// Whether words were given. The words are sealed content and not the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// They were.
    Given,
    /// They were not.
    Absent,
}

/// What the caller must do, in this order and in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A new task.
    OpenTask {
        /// Its place.
        task: TaskKey,
        /// The stage.
        stage: String,
        /// Who is asked.
        person: PersonId,
    },
    /// A task is over.
    CloseTask {
        /// Its place.
        task: TaskKey,
        /// How.
        how: CloseHow,
    },
    /// An approval given earlier counts at this stage too; nobody is asked.
    CarryDecision {
        /// The seat it fills.
        task: TaskKey,
        /// The stage.
        stage: String,
        /// Whose approval.
        person: PersonId,
        /// The task it was given at.
        from: TaskKey,
    },
    /// A decision given earlier stands on a revision that is no longer in force.
    VoidDecision {
        /// The task it was given at.
        task: TaskKey,
        /// Whose.
        person: PersonId,
    },
    /// Somebody is told.
    Notify {
        /// Of what.
        notice: Notice,
        /// Who.
        to: Recipient,
        /// The task it is about, if it is about one.
        task: Option<TaskKey>,
    },
}

/// How a task is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseHow {
    /// By its person's decision.
    Done,
    /// The stage was decided by others.
    Superseded,
    /// The content changed, the request ended or the person left.
    Void,
}

/// What somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A decision is asked of you.
    TaskOpened,
    /// It is asked no longer.
    TaskVoided,
    /// Changes are asked of you.
    Returned,
    /// Your request is approved.
    Approved,
    /// Your request is rejected.
    Rejected,
    /// Your request was cancelled.
    Cancelled,
    /// Nobody can decide: look after it.
    Stuck,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// One person.
    Person(PersonId),
    /// Those who administer the process.
    Owners,
}

/// Why an event changes nothing. Each has one problem type in the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is not in a state for it.
    #[error("the request is {state}; this cannot be done now")]
    WrongState {
        /// The state's word.
        state: &'static str,
    },
    /// Only the requester may do this.
    #[error("only the person who made the request may do this")]
    NotRequester,
    /// The task is decided, superseded or void, or never was.
    #[error("this decision is no longer asked for")]
    TaskClosed,
    /// The task is somebody else's.
    #[error("this decision is asked of somebody else")]
    NotYourTask,
    /// The content has changed since it was shown.
    #[error("the request has changed since you saw it")]
    StaleRevision,
    /// The edit changes nothing.
    #[error("this is the content already in force")]
    SameRevision,
    /// Words are needed.
    #[error("a reason is needed")]
    ReasonRequired,
    /// A bound is reached.
    #[error("{what}: {max} is the most")]
    BoundReached {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: u32,
    },
    /// A fact that [`needs`](super::needs) asked for was not given: a fault of the caller.
    #[error("the fact \"{key}\" is missing")]
    MissingFact {
        /// Its key.
        key: String,
    },
    /// The state is of another layout, or names a stage the process does not have: a fault of the caller.
    #[error("the state does not belong to this process")]
    ForeignState,
}

impl Refusal {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "wrong_state",
            Self::NotRequester => "not_requester",
            Self::TaskClosed => "task_closed",
            Self::NotYourTask => "not_your_task",
            Self::StaleRevision => "stale_revision",
            Self::SameRevision => "same_revision",
            Self::ReasonRequired => "reason_required",
            Self::BoundReached { .. } => "bound_reached",
            Self::MissingFact { .. } => "missing_fact",
            Self::ForeignState => "foreign_state",
        }
    }
}

/// Hashes as 64 hexadecimal digits.
pub(super) mod hex32 {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(hash))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes.try_into().map_err(|_| D::Error::custom("a hash has 32 bytes"))
    }
}
