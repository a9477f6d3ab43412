//! Erasing what is kept of somebody or of a month, the end of a workspace, and what is left of one.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/erasure`: what was erased, what can be, and the end of the workspace.
#[derive(Debug, Clone, Template)]
#[template(path = "erasure.html")]
pub struct Erasure {
    /// What every page has.
    pub frame: Frame,
    /// The workspace's slug, which whoever ends it types.
    pub slug: String,
    /// What was ordered.
    pub orders: Vec<ErasureLine>,
    /// What the forms held.
    pub person: String,
    /// See [`Erasure::person`].
    pub month: String,
    /// See [`Erasure::person`].
    pub days: String,
    /// Which form was refused, and why.
    pub error: Option<(&'static str, String)>,
    /// The end that was ordered: when, and where its certificate will be.
    pub ends: Option<(When, String)>,
    /// Whether the workspace may end at all.
    pub may_end: bool,
    /// Most days between the order and the end.
    pub days_max: u8,
}

impl Erasure {
    fn error_of(&self, form: &str) -> Option<&str> {
        self.error.as_ref().filter(|(of, _)| *of == form).map(|(_, text)| text.as_str())
    }
}

/// An order of erasure.
#[derive(Debug, Clone)]
pub struct ErasureLine {
    /// Of what.
    pub of: String,
    /// Which part of the records goes.
    pub part: &'static str,
    /// When it was ordered.
    pub ordered: When,
    /// How far it is.
    pub state: Pill,
}

/// `/ended/{id}`: what is left of a workspace that ended.
#[derive(Debug, Clone, Template)]
#[template(path = "ended.html")]
pub struct Ended {
    /// What every page has.
    pub frame: Frame,
    /// The workspace's id.
    pub id: String,
    /// When its last row was deleted.
    pub erased: When,
    /// The certificate.
    pub certificate: String,
    /// Names of the files, once the deployment's log holds the certificate.
    pub files: Vec<&'static str>,
}
