//! A batch: leaves of a log in their order, and what proves that they are. Pure.

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde_json::{Value, json};
use tenancy::leaves::Shown;
use tenancy::streaming::Resume;
use tenancy::{StreamId, WorkspaceId};
use tlog::{Checkpoint, Frontier, Hash, leaf_hash, verify_consistency};
use uuid::Uuid;

use super::settings::Format;
use super::{ocsf, rfc5424};
use crate::entry::Entry;
use crate::succession::log_of;

/// Most leaves of a batch.
pub const BATCH_LEAVES_MAX: usize = 500;
/// Most bytes of a batch's records; a single one that is longer leaves alone.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// One leaf of a batch.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its index.
    pub index: u64,
    /// The entry that was hashed.
    pub text: String,
    /// The same, read.
    pub entry: Entry,
    /// The line that an export has of it.
    pub line: String,
    /// The fields that can be shown, with their salts.
    pub shown: Vec<Shown>,
}

impl Item {
    /// The value of a field that is shown.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        let field = self.shown.iter().find(|field| field.name == name)?;
        serde_json::from_str(&field.value).ok()
    }
}

/// Leaves with their proof.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The stream that sends it.
    pub stream: StreamId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Index of its first leaf.
    pub first: u64,
    /// The leaf behind the last that arrived before: another one than `first` when leaves were skipped by hand.
    pub expected: u64,
    /// Leaves of the checkpoint that arrived before; none before the first.
    pub previous: Option<u64>,
    /// The checkpoint's note.
    pub note: String,
    /// The same, read.
    pub checkpoint: Checkpoint,
    /// That the checkpoint goes on from the one before.
    pub consistency: Vec<Hash>,
    /// The roots of the complete subtrees before the first leaf, largest first.
    pub before: Vec<Hash>,
    /// That the checkpoint goes on from the tree that ends with the last leaf.
    pub after: Vec<Hash>,
    /// Where the stream goes on behind this batch, when it holds the records that open an epoch.
    pub resume: Option<Resume>,
    /// The leaves.
    pub items: Vec<Item>,
}

/// What a sender sends: lines, and a name that is the same whenever the same batch is sent.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The name.
    pub id: Uuid,
    /// When its first record was made.
    pub at: Timestamp,
    /// How the lines are written.
    pub format: Format,
    /// The lines, without their ends.
    pub lines: Vec<String>,
}

impl Payload {
    /// The lines, each with its end.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

impl Batch {
    /// Index of its last leaf.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + (self.items.len() as u64).saturating_sub(1)
    }

    /// What names the batch, whoever sends it and whenever: log, first and last leaf.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}-{}", self.checkpoint.origin, self.first, self.last())
    }

    /// What is said of the batch itself.
    #[must_use]
    pub fn envelope(&self) -> Value {
        let hashes = |hashes: &[Hash]| hashes.iter().map(|hash| BASE64.encode(&hash.0)).collect::<Vec<_>>();
        let mut envelope = json!({
            "v": 1,
            "key": self.key(),
            "stream": self.stream.to_string(),
            "origin": self.checkpoint.origin,
            "first": self.first,
            "last": self.last(),
            "expected": self.expected,
            "size": self.checkpoint.size,
            "checkpoint": self.note,
            "previous": self.previous,
            "consistency": hashes(&self.consistency),
            "before": hashes(&self.before),
            "after": hashes(&self.after),
        });
        if let Some(Resume { at, epoch, next }) = self.resume {
            let log = log_of(&self.checkpoint.origin).map_or(self.checkpoint.origin.as_str(), |(log, _)| log);
            envelope["resumes"] = json!({"origin": format!("{log}/e{epoch}"), "next": next, "at": at});
        }
        envelope
    }

    /// Whether the leaves are those of the checkpoint, as a receiver finds out: tried before a batch leaves.
    #[must_use]
    pub fn holds(&self) -> bool {
        let before: Vec<u8> = self.before.iter().flat_map(|hash| hash.0).collect();
        let Ok(mut frontier) = Frontier::from_bytes(self.first, &before) else { return false };
        for (item, index) in self.items.iter().zip(self.first..) {
            if item.index != index {
                return false;
            }
            frontier.append(leaf_hash(item.text.as_bytes()), |_, _, _| {});
        }
        let (size, root) = (self.checkpoint.size, self.checkpoint.root);
        !self.items.is_empty()
            && verify_consistency(&self.after, frontier.size(), size, &frontier.root(), &root).is_ok()
    }

    /// The batch as it is sent.
    #[must_use]
    pub fn payload(&self, format: Format) -> Payload {
        let mut lines = vec![self.first_line(format)];
        lines.extend(self.items.iter().map(|item| line(format, item, &self.about())));
        let at_us = self.items.first().map_or(0, |item| item.entry.at_us);
        Payload { id: id_of(&self.key()), at: Timestamp::from_microsecond(at_us).unwrap_or_default(), format, lines }
    }

    fn first_line(&self, format: Format) -> String {
        let envelope = self.envelope();
        let at_us = self.items.last().map_or(0, |item| item.entry.at_us);
        match format {
            Format::Native => json!({ "batch": envelope }).to_string(),
            Format::Ocsf => ocsf::batch(&envelope, &id_of(&self.key()), at_us, &self.about()).to_string(),
            Format::Rfc5424 => rfc5424::batch(&envelope, at_us, &self.about()),
        }
    }

    fn about(&self) -> About<'_> {
        About { origin: &self.checkpoint.origin, workspace: self.workspace }
    }
}

/// What every line may say of where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The log's name.
    pub(super) origin: &'a str,
    /// The workspace.
    pub(super) workspace: WorkspaceId,
}

impl About<'_> {
    /// Host of the installation, as the log names it.
    pub(super) fn host(&self) -> &str {
        self.origin.split('/').next().unwrap_or_default()
    }
}

/// A leaf as a line.
pub(super) fn line(format: Format, item: &Item, about: &About<'_>) -> String {
    match format {
        Format::Native => item.line.clone(),
        Format::Ocsf => ocsf::event(item, about).to_string(),
        Format::Rfc5424 => rfc5424::message(item, about),
    }
}

/// An id that follows from a key, so that whatever is sent again has it again.
pub(super) fn id_of(key: &str) -> Uuid {
    let hash = seal::sha256(key.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A test event: no leaf of any log, and it says so.
pub(super) fn test_payload(format: Format, stream: StreamId, about: &About<'_>, at: Timestamp) -> Payload {
    let id = id_of(&format!("test {stream} {}", HEXLOWER.encode(&seal::random::<16>())));
    let what = json!({"v": 1, "stream": stream.to_string(), "origin": about.origin, "test": id.to_string()});
    let line = match format {
        Format::Native => json!({ "test": what }).to_string(),
        Format::Ocsf => ocsf::test(&what, &id, at.as_microsecond(), about).to_string(),
        Format::Rfc5424 => rfc5424::test(&what, at.as_microsecond(), about),
    };
    Payload { id, at, format, lines: vec![line] }
}
