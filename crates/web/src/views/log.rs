//! The log of a workspace and where it is anchored.

use super::{Frame, Pill, Tone, When};
use askama::Template;

/// `/w/{slug}/audit/log`: recomputing it, what that came to, and its anchors.
#[derive(Debug, Clone, Template)]
#[template(path = "audit_log.html")]
pub struct AuditLog {
    /// What every page has.
    pub frame: Frame,
    /// Records that are signed, the log's name, and when; none before the first checkpoint.
    pub stands: Option<(u64, String, When)>,
    /// How the log began anew, newest first; empty for one that never did.
    pub began: Vec<(When, String)>,
    /// What runs.
    pub running: Option<Verifying>,
    /// When one was ordered that came to no verdict.
    pub lost: Option<When>,
    /// What the last one came to.
    pub verdict: Option<LogVerdict>,
    /// Why none was begun.
    pub error: Option<String>,
    /// Whether the reader has the newest checkpoint mailed every day.
    pub is_mailed: bool,
    /// Longest that one runs.
    pub minutes_max: u64,
    /// Where the log is anchored.
    pub anchors: Vec<Anchor>,
}

/// How a log stands: what is compared with a later state.
#[derive(Debug, Clone, Template)]
#[template(path = "stands.html")]
pub struct Stands {
    /// Records that are signed.
    pub size: String,
    /// The log's name.
    pub origin: String,
    /// Base64 of the root.
    pub root: String,
}

impl Stands {
    /// Reads the first lines of a checkpoint's note.
    #[must_use]
    pub fn of(note: &str) -> Option<Self> {
        let mut lines = note.lines().map(str::to_owned);
        Some(Self { origin: lines.next()?, size: lines.next()?, root: lines.next()? })
    }
}

impl askama::filters::HtmlSafe for Stands {}

/// A log that is being recomputed.
#[derive(Debug, Clone, Copy)]
pub struct Verifying {
    /// Records that are done.
    pub done: u64,
    all: u64,
}

impl Verifying {
    /// So many records of so many; none of none before it has looked.
    #[must_use]
    pub const fn new(done: u64, all: u64) -> Self {
        Self { done, all }
    }

    fn words(&self) -> String {
        match self.all {
            0 => "It begins.".to_owned(),
            all => format!("{} of {all} records recomputed", self.done),
        }
    }

    fn max(&self) -> u64 {
        self.all.max(1)
    }
}

/// What recomputing a log came to.
#[derive(Debug, Clone)]
pub struct LogVerdict {
    /// When.
    pub at: When,
    /// Why it could not be recomputed.
    pub failed: Option<String>,
    /// The log's name.
    pub origin: String,
    /// Records that were recomputed.
    pub records: u64,
    /// Records that the checkpoint covers.
    pub signed: u64,
    /// Records with all their values.
    pub intact: u64,
    /// Records that waited for their place.
    pub waiting: u64,
    /// How much is wrong.
    pub wrong: u64,
    /// What, as far as it is in words.
    pub findings: Vec<Finding>,
    /// How much more.
    pub more: u64,
}

impl LogVerdict {
    fn pill(&self) -> Pill {
        match (&self.failed, self.wrong) {
            (Some(_), _) => Pill::new(Tone::Wait, "no verdict"),
            (None, 0) => Pill::new(Tone::Ok, "as it was signed"),
            (None, _) => Pill::new(Tone::No, "not as it was signed"),
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The record that it names, with its path.
    pub record: Option<(String, String)>,
    /// What.
    pub text: String,
}

/// One thing outside the log that holds it to what it was.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// What it is.
    pub name: String,
    /// What it holds; a sentence that an instant may follow.
    pub text: String,
    /// When it last did.
    pub when: Option<When>,
    /// In a word.
    pub state: Pill,
}
