//! The export: a workspace's log with its records in a folder that is verified without us.
//!
//! ```text
//! checkpoint   vkey   records.ndjson   tile/...   deployment/(checkpoint, tile/..., own)
//! ```

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};
use tenancy::leaves::{self, LeafRow, Part};
use tenancy::policy::SeeTrail;
use tenancy::{Cosignature, Database, Permit, ReadOnly, Scope, WorkspaceId};
use tlog::{Checkpoint, Note};

use crate::folder::{self, Folder, Lines};
use crate::{entry, origin};

/// Why an export was not made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The workspace has no signed log yet.
    #[error("there is no checkpoint yet; a record gets its leaf within seconds")]
    Empty,
    /// A record of a leaf is not there, or a note does not read: what was asked for cannot be shown.
    #[error("{0}; `countersign audit verify --live` says what is wrong")]
    Damaged(String),
    /// The database.
    #[error(transparent)]
    Database(#[from] tenancy::Error),
    /// The file system.
    #[error("the export cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The log's name.
    pub origin: String,
    /// Records.
    pub records: u64,
    /// Entries of the deployment's log.
    pub deployment: u64,
}

fn damaged(what: impl std::fmt::Display) -> ExportError {
    ExportError::Damaged(what.to_string())
}

fn checkpoint_of(note: &str) -> Result<Checkpoint, ExportError> {
    let note = Note::parse(note.as_bytes()).map_err(damaged)?;
    Checkpoint::parse(note.text).map_err(damaged)
}

/// Writes the log of the scope's workspace, to its newest note, into a folder.
///
/// # Errors
/// [`ExportError`].
pub async fn export(
    database: &Database,
    platform: WorkspaceId,
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    out: &Path,
) -> Result<Exported, ExportError> {
    let head = leaves::head(scope, permit).await?.ok_or(ExportError::Empty)?;
    let note = head.checkpoint.ok_or(ExportError::Empty)?;
    let checkpoint = checkpoint_of(&note)?;
    let mut log = Folder::create(out)?;
    let mut records = Lines::create(out, folder::RECORDS)?;
    let mut next = 0;
    while next < checkpoint.size {
        let page = leaves::page(scope, permit, head.epoch, next).await?;
        let left = usize::try_from(checkpoint.size - next).unwrap_or(usize::MAX);
        let page: Vec<LeafRow> = page.into_iter().take(left).collect();
        if page.first().is_none_or(|row| row.index != next) {
            return Err(damaged(format!("leaf {next} is missing")));
        }
        next += page.len() as u64;
        let epoch = head.epoch;
        (log, records) = blocking(move || {
            for row in &page {
                let record = row
                    .record
                    .as_ref()
                    .ok_or_else(|| damaged(format!("the record of leaf {} is missing", row.index)))?;
                let text = entry::of_record(epoch, &record.committed);
                log.append(text.as_bytes())?;
                records.line(&line_of(row.index, &text, [&record.person, &record.period]))?;
            }
            Ok((log, records))
        })
        .await?;
    }
    records.finish()?;
    log.finish(&note)?;
    let deployment = export_deployment(database, scope.workspace(), &out.join(folder::DEPLOYMENT)).await?;
    let [own, common] = keys(database, platform, scope, permit).await?;
    folder::write(out, folder::VKEY, format!("{own}\n{common}\n").as_bytes())?;
    Ok(Exported { origin: checkpoint.origin, records: checkpoint.size, deployment: deployment.size })
}

/// The keys of the workspace's log and of the deployment's, in their text form.
///
/// # Errors
/// [`ExportError::Empty`] before the first checkpoint; [`ExportError::Database`].
pub async fn keys(
    database: &Database,
    platform: WorkspaceId,
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
) -> Result<[String; 2], ExportError> {
    let own = leaves::head(scope, permit).await?.and_then(|head| head.checkpoint).ok_or(ExportError::Empty)?;
    let common = database.deployment_head().await?.ok_or(ExportError::Empty)?.checkpoint;
    let [own, common] = [checkpoint_of(&own)?.origin, checkpoint_of(&common)?.origin];
    let platform = database.keys(platform).await?;
    let text = |keys, name: &str| origin::signing_key(keys, name).map(|key| key.verifier().to_string());
    match (text(scope.keys(), &own), text(&platform, &common)) {
        (Some(own), Some(common)) => Ok([own, common]),
        _ => Err(damaged("a key for checkpoints is missing")),
    }
}

/// One line of the records: the entry as it was hashed, and every field that can be shown.
pub(crate) fn line_of(index: u64, entry: &str, parts: [&Part; 2]) -> String {
    let mut shown = Map::new();
    for part in parts {
        if let Part::Opened(fields) = part {
            for field in fields {
                let value = json!({"salt": data_encoding::BASE64.encode(&field.salt), "value": field.value});
                shown.insert(field.name.clone(), value);
            }
        }
    }
    json!({"index": index, "entry": entry, "shown": Value::Object(shown)}).to_string()
}

async fn export_deployment(database: &Database, own: WorkspaceId, out: &Path) -> Result<Checkpoint, ExportError> {
    let head = database.deployment_head().await?.ok_or(ExportError::Empty)?;
    let cosigned = cosigned(database.cosignatures(head.epoch).await?, head.size);
    let note = cosigned.unwrap_or(head.checkpoint);
    let checkpoint = checkpoint_of(&note)?;
    let mut log = Folder::create(out)?;
    let mut ours = Lines::create(out, folder::OWN)?;
    let mut next = 0;
    while next < checkpoint.size {
        let page = database.deployment_entries(own, head.epoch, next).await?;
        let left = usize::try_from(checkpoint.size - next).unwrap_or(usize::MAX);
        if page.first().is_none_or(|row| row.index != next) {
            return Err(damaged(format!("entry {next} of the deployment's log is missing")));
        }
        next += page.len().min(left) as u64;
        (log, ours) = blocking(move || {
            for row in page.into_iter().take(left) {
                log.append(row.entry.as_bytes())?;
                if let Some(size) = row.own_size {
                    ours.line(&format!("{} {size}", row.index))?;
                }
            }
            Ok((log, ours))
        })
        .await?;
    }
    ours.finish()?;
    log.finish(&note)?;
    Ok(checkpoint)
}

/// The newest note of the deployment's log that a witness cosigned, with every cosignature that is of just that note:
/// witnesses are seconds behind the log, and what they saw is worth more than what came since.
fn cosigned(cosignatures: Vec<Cosignature>, size: u64) -> Option<String> {
    let newest = cosignatures.iter().filter(|one| one.size <= size).max_by_key(|one| one.size)?;
    let of_it = cosignatures.iter().filter(|one| one.note == newest.note);
    Some(newest.note.clone() + &of_it.map(|one| one.line.as_str()).collect::<String>())
}

/// Writes off the async threads.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(act).await.map_err(damaged)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_cosigned_note_is_taken_with_all_that_cosigned_it() {
        let one = |witness: &str, size: u64| Cosignature {
            vkey: witness.to_owned(),
            name: witness.to_owned(),
            size,
            note: format!("note {size}\n"),
            line: format!("{witness} of {size}\n"),
            cosigned_at: None,
        };
        let all = || vec![one("a", 9), one("b", 5), one("c", 9)];
        assert_eq!(cosigned(all(), 9).unwrap(), "note 9\na of 9\nc of 9\n");
        assert_eq!(cosigned(all(), 8).unwrap(), "note 5\nb of 5\n", "none that the log does not reach");
        assert_eq!(cosigned(all(), 4), None);
        assert_eq!(cosigned(Vec::new(), 9), None);
    }
}
