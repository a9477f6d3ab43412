//! The request page: what is asked, the decision under it, what happened, where it stands.

use super::{Frame, Pill, Tone, When};
use askama::Template;

/// `/w/{slug}/requests/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "request.html")]
pub struct RequestPage {
    /// What every page has.
    pub frame: Frame,
    /// Title of the request.
    pub title: String,
    /// Its state.
    pub state: Pill,
    /// Name of its process.
    pub process: String,
    /// Number, e.g. `PUR-7K3M9Q2D`.
    pub number: String,
    /// Name of the requester.
    pub requester: String,
    /// When it was handed in.
    pub handed_in: When,
    /// Something the reader has to know first: "Mia Chen asks for changes".
    pub notice: Option<Notice>,
    /// The decision just sent named an older revision.
    pub stale: Option<StaleNotice>,
    /// The answers of the form.
    pub asked: Vec<AskedSection>,
    /// The reader is asked to decide.
    pub decision: Option<DecisionCard>,
    /// Events and comments in order of their times.
    pub happened: Vec<Happening>,
    /// The reader may comment.
    pub comment: Option<CommentForm>,
    /// The stages in order.
    pub rail: Vec<Stop>,
    /// Revision mark and records.
    pub seal: SealCard,
    /// What else the reader may do.
    pub actions: RequestActions,
}

/// A box above the page.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What the colour says.
    pub tone: Tone,
    /// A headline.
    pub title: String,
    /// Sentences; line breaks are kept.
    pub text: String,
}

/// Shown with status 412: the request changed between reading and deciding.
#[derive(Debug, Clone)]
pub struct StaleNotice {
    /// Who changed it and when: "Tom Becker saved revision 3 while you were reading revision 2."
    pub text: String,
    /// What differs.
    pub changes: Vec<Change>,
}

/// One field that differs between two revisions.
#[derive(Debug, Clone)]
pub struct Change {
    /// Label of the field.
    pub label: String,
    /// As the reader saw it; empty for nothing.
    pub before: String,
    /// As it is now; empty for nothing.
    pub after: String,
}

/// A section of answers.
#[derive(Debug, Clone)]
pub struct AskedSection {
    /// Its heading; empty for none.
    pub title: String,
    /// Its answers.
    pub rows: Vec<Asked>,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Label of the field.
    pub label: String,
    /// The answer as people read it; line breaks are kept.
    pub value: String,
    /// The answer of the revision before, where it differs.
    pub before: Option<String>,
    /// The sum of the request, set in bold.
    pub is_sum: bool,
}

/// Posts `decision` (`approve`, `ask_changes`, `reject`), `reason`, `task` and `revision_hash`.
#[derive(Debug, Clone)]
pub struct DecisionCard {
    /// The path to post to.
    pub action: String,
    /// Id of the task.
    pub task: String,
    /// Full hash of the revision that is shown, hexadecimal.
    pub revision_hash: String,
    /// Number of that revision.
    pub revision: u32,
    /// In what part the reader decides: "Finance, two of three".
    pub stage: String,
    /// What was typed before.
    pub reason: String,
    /// What is wrong with the reason.
    pub error: Option<String>,
}

/// One line of the timeline.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Badge of who did it.
    pub initials: String,
    /// What happened, a sentence: "Mia Chen approved as line manager".
    pub text: String,
    /// When.
    pub when: When,
    /// What followed or why, smaller; empty for nothing.
    pub detail: String,
    /// Words somebody wrote (comment or reason); empty for none.
    pub quote: String,
}

/// Posts `text` and `submission_key`.
#[derive(Debug, Clone)]
pub struct CommentForm {
    /// The path to post to.
    pub action: String,
    /// What was typed before.
    pub text: String,
    /// Drawn when the form is shown: the same key never makes two comments.
    pub submission_key: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopState {
    /// Passed.
    Done,
    /// Ended with a no, or stuck.
    Refused,
    /// Sent back to the requester, who answers next.
    Returned,
    /// Now.
    Now,
    /// Still to come.
    Next,
    /// Not on this request's way, or closed before it decided.
    Skipped,
}

impl StopState {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Returned => "returned",
            Self::Now => "now",
            Self::Next => "next",
            Self::Skipped => "skipped",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Refused => "Refused",
            Self::Returned => "Sent back",
            Self::Now => "Now",
            Self::Next => "Next",
            Self::Skipped => "Not needed",
        }
    }

    fn sign(self, number: &usize) -> String {
        match self {
            Self::Done => "✓".to_owned(),
            Self::Refused => "✕".to_owned(),
            Self::Returned => "↩".to_owned(),
            Self::Skipped => "–".to_owned(),
            Self::Now | Self::Next => number.to_string(),
        }
    }
}

/// A stage on the rail.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Where it stands.
    pub state: StopState,
    /// Name of the stage.
    pub name: String,
    /// Names of who decided or is asked; empty for nobody yet.
    pub who: String,
    /// Since when, or when it was decided.
    pub since: Option<When>,
    /// Due, usual time, how many are still needed; empty for nothing.
    pub note: String,
}

/// What proves what was decided on.
#[derive(Debug, Clone)]
pub struct SealCard {
    /// Number of the newest revision.
    pub revision: u32,
    /// Full hash of that revision, hexadecimal.
    pub hash: String,
    /// Its first characters in groups of four: `9f2c 41d7 e0aa 83b1`.
    pub hash_short: String,
    /// Records of this request.
    pub record_count: u64,
    /// Path of the audit list filtered to this request, where the reader may see it.
    pub audit: Option<String>,
}

/// Paths of what the reader may do besides deciding and commenting.
#[derive(Debug, Clone, Default)]
pub struct RequestActions {
    /// GET: edit.
    pub edit: Option<String>,
    /// POST: hand a returned request in again without an edit.
    pub resubmit: Option<String>,
    /// POST: withdraw.
    pub withdraw: Option<String>,
}

impl RequestActions {
    /// Whether there is anything to offer.
    #[must_use]
    pub fn any(&self) -> bool {
        self.edit.is_some() || self.resubmit.is_some() || self.withdraw.is_some()
    }
}
