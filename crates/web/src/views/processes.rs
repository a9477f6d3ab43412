//! Processes and their plain text editor.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/processes`: every process with its versions. "New" leads to `/w/{slug}/processes/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "processes.html")]
pub struct Processes {
    /// What every page has.
    pub frame: Frame,
    /// By name.
    pub processes: Vec<ProcessRow>,
    /// Path of an empty editor, for those who may publish.
    pub new: Option<String>,
}

/// One process.
#[derive(Debug, Clone)]
pub struct ProcessRow {
    /// Path of its editor.
    pub href: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub summary: String,
    /// Newest first.
    pub versions: Vec<VersionRow>,
}

/// One version.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Its number.
    pub number: u32,
    /// First characters of its hash in groups of four.
    pub hash_short: String,
    /// Published, retired or draft.
    pub state: Pill,
    /// When it was published.
    pub when: When,
    /// Who published it.
    pub who: String,
    /// Path that shows this version's document in the editor.
    pub href: String,
}

/// `/w/{slug}/processes/{key}`: posts `document` and `base_hash` to itself.
#[derive(Debug, Clone, Template)]
#[template(path = "process_edit.html")]
pub struct ProcessEdit {
    /// What every page has.
    pub frame: Frame,
    /// The path to post to.
    pub action: String,
    /// Headline: name of the process, or "New process".
    pub headline: String,
    /// Version the text was taken from: "version 3, published"; empty for a new process.
    pub version: String,
    /// Hash of that version, posted back so that a newer one is not overwritten unseen; empty for a new process.
    pub base_hash: String,
    /// The document as text, as typed.
    pub document: String,
    /// What the publish check found.
    pub problems: Vec<ProcessProblem>,
    /// The reader may publish.
    pub may_publish: bool,
}

/// One finding of the publish check.
#[derive(Debug, Clone)]
pub struct ProcessProblem {
    /// JSON Pointer (RFC 6901) to the place; empty for the document as a whole.
    pub pointer: String,
    /// What is wrong and what to do.
    pub text: String,
}
