//! The security page in its two views. It shows sentences of the registry and nothing it made up.

use super::{Anchor, Frame, Pill, Tone, When};
use askama::Template;

/// The three numbers of both views.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Claims proven.
    pub proven: usize,
    /// Age of the oldest proof: "oldest 4 min ago"; empty for nothing to say.
    pub proven_note: String,
    /// Claims failing.
    pub failing: usize,
    /// Since when: "since 10:42"; empty for nothing to say.
    pub failing_note: String,
    /// Claims not proven.
    pub not_proven: usize,
}

/// `/trust`: the claims whose code exists, grouped.
#[derive(Debug, Clone, Template)]
#[template(path = "trust.html")]
pub struct Trust {
    /// What every page has.
    pub frame: Frame,
    /// The three numbers.
    pub tally: Tally,
    /// When the page was put together.
    pub checked: When,
    /// Groups in their order.
    pub groups: Vec<ClaimGroup>,
    /// Where the logs are anchored; nothing where that cannot be read now.
    pub anchors: Vec<Anchor>,
}

/// Claims about one subject.
#[derive(Debug, Clone)]
pub struct ClaimGroup {
    /// Key, used in the page as an anchor.
    pub key: String,
    /// Heading.
    pub name: String,
    /// Its claims; failing ones first.
    pub claims: Vec<ClaimRow>,
}

impl ClaimGroup {
    /// Claims of the group in that tone.
    fn count(&self, tone: Tone) -> usize {
        self.claims.iter().filter(|claim| claim.state.tone == tone).count()
    }
}

/// One claim.
#[derive(Debug, Clone)]
pub struct ClaimRow {
    /// Its id, e.g. `PIQ-02`.
    pub id: String,
    /// The sentence.
    pub sentence: String,
    /// What the newest run saw, or why it is not proven.
    pub observation: String,
    /// How it is proven.
    pub how: String,
    /// What makes it true: names of types, policies, triggers.
    pub enforced_by: Vec<String>,
    /// The last runs, oldest first, at most 30.
    pub runs: Vec<Run>,
    /// State with its age: "proven 40 s ago".
    pub state: Pill,
}

impl ClaimRow {
    /// The strip in words.
    #[must_use]
    pub fn runs_words(&self) -> String {
        let count = |run: Run| self.runs.iter().filter(|seen| **seen == run).count();
        match self.runs.len() {
            0 => "No run yet".to_owned(),
            all => format!(
                "Last {all} runs: {} passed, {} failed, {} without a result",
                count(Run::Passed),
                count(Run::Failed),
                count(Run::NoResult)
            ),
        }
    }
}

/// How a run of a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Passed.
    Passed,
    /// Failed.
    Failed,
    /// Could not finish.
    NoResult,
}

impl Run {
    fn class(&self) -> &'static str {
        match self {
            Self::Passed => "p",
            Self::Failed => "f",
            Self::NoResult => "n",
        }
    }
}

/// `/trust/ledger`: every row by source, searched by GET `q`.
#[derive(Debug, Clone, Template)]
#[template(path = "trust_ledger.html")]
pub struct TrustLedger {
    /// What every page has.
    pub frame: Frame,
    /// The three numbers over all rows.
    pub tally: Tally,
    /// What was searched; empty for everything.
    pub query: String,
    /// Rows shown.
    pub shown: usize,
    /// Sources with the rows that match.
    pub sources: Vec<LedgerSource>,
}

/// One source page.
#[derive(Debug, Clone)]
pub struct LedgerSource {
    /// Prefix of its ids.
    pub key: String,
    /// Its theme.
    pub name: String,
    /// Its rows in order of their ids.
    pub rows: Vec<LedgerRow>,
}

/// One sentence of a source page.
#[derive(Debug, Clone)]
pub struct LedgerRow {
    /// Its id.
    pub id: String,
    /// The sentence.
    pub sentence: String,
    /// Proven, failing, not proven.
    pub state: Pill,
    /// Observation, or what it waits for: "Awaits the room library."
    pub answer: String,
}
