//! The export: a workspace's log with its records in a folder that is verified without us.
//!
//! ```text
//! checkpoint   vkey   records.ndjson   tile/...   deployment/(checkpoint, tile/..., own)   verify.html
//! consistency.<earlier>-<later>, where an earlier checkpoint was named
//! ```

use std::io;
use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use tenancy::leaves::{self, LeafRecord, LeafRow, Part};
use tenancy::policy::SeeTrail;
use tenancy::{Cosignature, Database, Permit, ReadOnly, Scope, WorkspaceId};
use tenancy::{epoch, erasure};
use tlog::{Checkpoint, Note};

use crate::erased::{Erased, Unexplained};
use crate::folder::{self, Folder, Lines};
use crate::page::PAGE;
use crate::verify::EPOCHS_MAX;
use crate::{entry, origin, succession, successors};

/// A record of an erasure has its leaf in a signed log after so long at most.
pub(crate) const LEAF_TIME: SignedDuration = SignedDuration::from_secs(60);

/// Why an export was not made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The workspace has no signed log yet.
    #[error("there is no checkpoint yet; a record gets its leaf within seconds")]
    Empty,
    /// A record of a leaf is not there, or a note does not read: what was asked for cannot be shown.
    #[error("{0}; `countersign audit verify --live` says what is wrong")]
    Damaged(String),
    /// An erasure is being carried out, and the log does not say so yet.
    #[error("an erasure is being carried out; export again in a minute")]
    Erasing,
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

pub(crate) fn checkpoint_of(note: &str) -> Result<Checkpoint, ExportError> {
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
    let mut erased = Erased::default();
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
        (log, records, erased) = blocking(move || {
            for row in &page {
                let record = row
                    .record
                    .as_ref()
                    .ok_or_else(|| damaged(format!("the record of leaf {} is missing", row.index)))?;
                let text = entry::of_record(epoch, &record.committed);
                log.append(text.as_bytes())?;
                records.line(&line_of(row.index, &text, record))?;
                erased.note(row.index, record).map_err(damaged)?;
            }
            Ok((log, records, erased))
        })
        .await?;
    }
    records.finish()?;
    log.finish(&note)?;
    if let Some(wrong) = erased.judge().1.into_iter().next() {
        return Err(unexplained(scope, permit, wrong).await?);
    }
    let deployment = export_deployment(database, scope.workspace(), &out.join(folder::DEPLOYMENT)).await?;
    let keys = all_keys(database, platform, scope, permit).await?;
    folder::write(out, folder::VKEY, (keys.join("\n") + "\n").as_bytes())?;
    successions(database, scope, permit, out).await?;
    folder::write(out, folder::PAGE, PAGE.as_bytes())?;
    Ok(Exported { origin: checkpoint.origin, records: checkpoint.size, deployment: deployment.size })
}

/// The notes by which the keys of earlier epochs name those that follow.
async fn successions(
    database: &Database,
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    out: &Path,
) -> Result<(), ExportError> {
    for opening in epoch::openings(scope, permit).await?.into_iter().filter(|opening| opening.told) {
        if let Some(note) = opening.succession {
            folder::write(out, &format!("{}{}", successors::PREFIX, opening.epoch), note.as_bytes())?;
        }
    }
    for (epoch, note) in database.deployment_successions().await? {
        let name = format!("{}/{}{epoch}", folder::DEPLOYMENT, successors::PREFIX);
        folder::write(out, &name, note.as_bytes())?;
    }
    Ok(())
}

/// The keys of both logs as [`keys`] gives them, and behind them those of every earlier epoch.
///
/// # Errors
/// As [`keys`].
pub async fn all_keys(
    database: &Database,
    platform: WorkspaceId,
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
) -> Result<Vec<String>, ExportError> {
    let newest = keys(database, platform, scope, permit).await?;
    let own = scope.keys();
    let common = database.keys(platform).await?;
    let mut all = newest.to_vec();
    for (key, keys) in newest.iter().zip([own, common.as_ref()]) {
        let name = key.split('+').next().unwrap_or_default();
        let Some((log, epoch)) = succession::log_of(name) else { continue };
        let first = epoch.saturating_sub(EPOCHS_MAX as i64).max(1);
        let before = (first..epoch).rev().filter_map(|epoch| origin::signing_key(keys, &format!("{log}/e{epoch}")));
        all.extend(before.map(|key| key.verifier().to_string()));
    }
    Ok(all)
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

/// One line of the records: the entry as it was hashed, every field that can be shown, and of each part that was erased the
/// number of the key that went with it.
pub(crate) fn line_of(index: u64, entry: &str, record: &LeafRecord) -> String {
    let (mut shown, mut erased) = (Map::new(), Map::new());
    for (name, key, part) in record.parts() {
        match part {
            Part::Opened(fields) => {
                for field in fields {
                    let value = json!({"salt": data_encoding::BASE64.encode(&field.salt), "value": field.value});
                    shown.insert(field.name.clone(), value);
                }
            }
            Part::Gone => {
                erased.insert(name.word().to_owned(), json!(key));
            }
            Part::Closed => {}
        }
    }
    let mut line = json!({"index": index, "entry": entry, "shown": Value::Object(shown)});
    if !erased.is_empty() {
        line["erased"] = Value::Object(erased);
    }
    line.to_string()
}

/// Why parts are gone that no record of the log explains: an erasure whose record has no leaf yet, or damage.
async fn unexplained(
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    wrong: Unexplained,
) -> Result<ExportError, tenancy::Error> {
    let orders = erasure::orders(scope, permit).await?;
    let since = scope.now() - LEAF_TIME;
    Ok(if wrong.is_under_way(&orders, since) { ExportError::Erasing } else { damaged(wrong.why) })
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
pub(crate) fn cosigned(cosignatures: Vec<Cosignature>, size: u64) -> Option<String> {
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
