//! The audit list. There is no way to delete anything here.

use super::log::Stands;
use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/audit`: newest first, one page, filtered by GET `action`, `who`, `request`, `from` and `until`.
#[derive(Debug, Clone, Template)]
#[template(path = "audit.html")]
pub struct Audit {
    /// What every page has.
    pub frame: Frame,
    /// Filter as applied.
    pub filter: AuditFilter,
    /// One page of records.
    pub rows: Vec<AuditRow>,
    /// URL of the next, older page.
    pub next: Option<String>,
    /// Whether the reader may erase.
    pub may_erase: bool,
    /// The log's newest checkpoint, which whoever prints or saves the page keeps with it.
    pub stands: Option<Stands>,
}

/// The filter.
#[derive(Debug, Clone)]
pub struct AuditFilter {
    /// Actions as (value, words, chosen).
    pub actions: Vec<(String, String, bool)>,
    /// Who acted: an address or an id.
    pub who: AuditField,
    /// What it was about: a request's number, or an id.
    pub request: AuditField,
    /// From when on.
    pub from: AuditField,
    /// Before when.
    pub until: AuditField,
}

/// A field of the filter that is typed.
#[derive(Debug, Clone, Default)]
pub struct AuditField {
    /// What was typed; empty for all.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl AuditFilter {
    /// The fields that are typed: name, label, kind, an example, and what is in them.
    #[must_use]
    pub const fn typed(&self) -> [(&'static str, &'static str, &'static str, &'static str, &AuditField); 4] {
        [
            ("who", "Who", "text", "mia@example.org", &self.who),
            ("request", "What", "text", "PUR-7K3M9Q2D", &self.request),
            ("from", "From (UTC)", "datetime-local", "", &self.from),
            ("until", "Before (UTC)", "datetime-local", "", &self.until),
        ]
    }

    fn fields(&self) -> impl Iterator<Item = &AuditField> {
        self.typed().into_iter().map(|(.., field)| field)
    }

    /// Whether anything is filtered.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.fields().any(|field| !field.value.is_empty())
            || self.actions.iter().any(|(value, _, chosen)| *chosen && !value.is_empty())
    }

    /// Whether anything of it cannot be understood, so that no records are shown.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.fields().any(|field| field.error.is_some())
    }
}

/// One record.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// When it was written.
    pub when: When,
    /// Who acted: a person, a token of a person, or a named part of the system.
    pub who: String,
    /// For whom, where somebody acted for another; empty otherwise.
    pub on_behalf: String,
    /// What was done: "approved".
    pub action: String,
    /// Words for what it was done to.
    pub target: String,
    /// Path of the target, where the reader may see it.
    pub target_href: Option<String>,
    /// Anything more: stage, channel, address; empty for nothing.
    pub detail: String,
    /// Path of the record's page.
    pub href: String,
    /// Where it stands in the log.
    pub mark: Pill,
}

/// `/w/{slug}/audit/{id}`: one record, and its proof.
#[derive(Debug, Clone, Template)]
#[template(path = "record.html")]
pub struct RecordPage {
    /// What every page has.
    pub frame: Frame,
    /// The record as the list shows it.
    pub row: AuditRow,
    /// Its id.
    pub id: String,
    /// Labels and values: address, device, facts of the act.
    pub facts: Vec<(String, String)>,
    /// What changed: label, before, after.
    pub changes: Vec<(String, String, String)>,
    /// The proof; none while it waits for its leaf.
    pub proof: Option<RecordProof>,
}

/// A record's proof.
#[derive(Debug, Clone)]
pub struct RecordProof {
    /// Name of the log.
    pub origin: String,
    /// Its number in the log, from 1.
    pub number: u64,
    /// Records that the checkpoint covers.
    pub size: u64,
    /// The entry that was hashed.
    pub entry: String,
    /// Whether it held when the page was made.
    pub holds: bool,
    /// Path of the file.
    pub href: String,
}
