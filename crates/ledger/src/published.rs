//! The mark: what this process published last, kept outside of the database and of its backups.
//!
//! A database that was put back to an earlier state knows nothing of it. The mark does: it is written, durable, after each
//! commit that signed something, and compared before anything more is signed (decision 0018). One file, one process. It
//! holds sizes and roots, a row a log; nothing of it is secret.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Builder, Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tenancy::WorkspaceId;
use tenancy::epoch::{Published, Stand};

/// Name of the file below the data directory's folder of the mark.
pub const FILE: &str = "published.redb";
/// Cache of the file's pages, in bytes.
const CACHE_BYTES: usize = 1024 * 1024;

type Row = (i32, u64, [u8; 32]);
const STAND: TableDefinition<'_, (), (i64, u32, i32, u64)> = TableDefinition::new("stand");
const LOGS: TableDefinition<'_, u128, Row> = TableDefinition::new("logs");

/// Why the mark cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the mark of what was published, {}, cannot be used: {why}; if it is damaged and the database was not put back to an \
     earlier state, remove the file; if it was, remove it and order a new epoch (countersign audit new-epoch)",
    .path.display()
)]
pub struct MarkError {
    path: PathBuf,
    why: String,
}

/// The mark. Clones share it.
#[derive(Clone)]
pub struct Mark(Arc<Inner>);

struct Inner {
    path: PathBuf,
    file: Mutex<Database>,
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({})", self.0.path.display())
    }
}

impl Mark {
    /// Opens the mark in a folder, or begins one, and reads it through.
    ///
    /// # Errors
    /// [`MarkError`] for a file that is damaged or cannot be written.
    pub fn open(folder: &Path) -> Result<Self, MarkError> {
        let path = folder.join(FILE);
        let opened = std::panic::catch_unwind(|| {
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
            builder.create(&path).map_err(|why| why.to_string())
        });
        // A file of something else may lead the store to what it takes for impossible.
        let opened = opened.unwrap_or_else(|_| Err("it is not what was written there".to_owned()));
        let file = opened.map_err(|why| MarkError { path: path.clone(), why })?;
        let mark = Self(Arc::new(Inner { path, file: Mutex::new(file) }));
        mark.note_with(None, &[])?;
        mark.stand()?;
        mark.logs()?;
        Ok(mark)
    }

    /// How the database stood when it was written last; nothing before the first time.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn stand(&self) -> Result<Option<Stand>, MarkError> {
        let read = || -> Result<Option<Stand>, redb::Error> {
            let table = self.file().begin_read()?.open_table(STAND)?;
            let row = table.get(())?.map(|row| row.value());
            Ok(row.map(|(system, timeline, epoch, cursor)| Stand { system, timeline, epoch, cursor }))
        };
        read().map_err(|why| self.failed(&why))
    }

    /// What was published last of every log.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn logs(&self) -> Result<Vec<(WorkspaceId, Published)>, MarkError> {
        let read = || -> Result<Vec<(WorkspaceId, Published)>, redb::Error> {
            let table = self.file().begin_read()?.open_table(LOGS)?;
            let mut logs = Vec::new();
            for row in table.iter()? {
                let (log, known) = row?;
                logs.push((workspace_of(log.value()), published_of(known.value())));
            }
            Ok(logs)
        };
        read().map_err(|why| self.failed(&why))
    }

    /// What was published last of one log.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn of(&self, log: WorkspaceId) -> Result<Option<Published>, MarkError> {
        let read = || -> Result<Option<Published>, redb::Error> {
            let table = self.file().begin_read()?.open_table(LOGS)?;
            Ok(table.get(log.uuid().as_u128())?.map(|row| published_of(row.value())))
        };
        read().map_err(|why| self.failed(&why))
    }

    /// Writes how the database stands and what was published; durable when it returns.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn note(&self, stand: Stand, logs: &[(WorkspaceId, Published)]) -> Result<(), MarkError> {
        self.note_with(Some(stand), logs)
    }

    fn note_with(&self, stand: Option<Stand>, logs: &[(WorkspaceId, Published)]) -> Result<(), MarkError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.file().begin_write()?;
            {
                let mut table = transaction.open_table(STAND)?;
                let marked = table.get(())?.map(|row| row.value()).map(|(.., epoch, cursor)| (epoch, cursor));
                // Two tasks may note what they committed in another order; the mark never goes back.
                if let Some(Stand { system, timeline, epoch, cursor }) =
                    stand.filter(|s| Some((s.epoch, s.cursor)) >= marked)
                {
                    table.insert((), (system, timeline, epoch, cursor))?;
                }
                let mut table = transaction.open_table(LOGS)?;
                for (log, known) in logs {
                    let log = log.uuid().as_u128();
                    let marked = table.get(log)?.map(|row| row.value()).map(|(epoch, size, _)| (epoch, size));
                    if Some((known.epoch, known.size)) >= marked {
                        table.insert(log, (known.epoch, known.size, known.root))?;
                    }
                }
            }
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|why| self.failed(&why))
    }

    fn file(&self) -> MutexGuard<'_, Database> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, why: &redb::Error) -> MarkError {
        MarkError { path: self.0.path.clone(), why: why.to_string() }
    }
}

fn workspace_of(log: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(uuid::Uuid::from_u128(log))
}

fn published_of((epoch, size, root): Row) -> Published {
    Published { epoch, size, root }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOOD: Stand = Stand { system: -7, timeline: 1, epoch: 2, cursor: 99 };

    fn published(size: u64) -> Published {
        Published { epoch: 2, size, root: [3; 32] }
    }

    #[test]
    fn what_was_noted_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [WorkspaceId::random(), tenancy::log::DEPLOYMENT];
        {
            let mark = Mark::open(folder.path()).unwrap();
            assert_eq!((mark.stand().unwrap(), mark.logs().unwrap().len()), (None, 0));
            mark.note(Stand { cursor: 1, ..STOOD }, &[(one, published(4)), (other, published(1))]).unwrap();
            mark.note(STOOD, &[(one, published(5))]).unwrap();
            mark.note(Stand { cursor: 98, ..STOOD }, &[(one, published(4))]).unwrap();
            assert!(Mark::open(folder.path()).is_err(), "one process, one mark");
        }
        let mark = Mark::open(folder.path()).unwrap();
        assert_eq!(mark.stand().unwrap(), Some(STOOD));
        assert_eq!(mark.of(one).unwrap(), Some(published(5)));
        assert_eq!(mark.of(WorkspaceId::random()).unwrap(), None);
        assert_eq!(mark.logs().unwrap().len(), 2);
    }

    /// Whatever byte is changed: the mark says the same as before, or it names its file.
    #[test]
    fn a_damaged_mark_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let logs: Vec<_> = (0..200).map(|size| (WorkspaceId::random(), published(size))).collect();
        let mark = Mark::open(folder.path()).unwrap();
        mark.note(Stand { cursor: 98, ..STOOD }, &logs[..100]).unwrap();
        mark.note(STOOD, &logs).unwrap();
        drop(mark);
        let whole = std::fs::read(&path).unwrap();
        assert!(whole.len() < 4 * 1024 * 1024, "{}", whole.len());
        let (mut refused, mut same) = (0, 0);
        let places =
            (0..320).step_by(5).chain((320..whole.len()).step_by(whole.len() / 29 + 1)).chain([whole.len() - 1]);
        for at in places {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            std::fs::write(&path, &damaged).unwrap();
            match Mark::open(folder.path()) {
                Err(why) => {
                    assert!(why.to_string().contains(FILE), "{why}");
                    refused += 1;
                }
                Ok(mark) => {
                    assert_eq!(mark.stand().unwrap(), Some(STOOD), "byte {at}");
                    assert_eq!(mark.logs().unwrap().len(), logs.len(), "byte {at}");
                    same += 1;
                }
            }
        }
        println!("{refused} refused, {same} the same, of {} bytes", whole.len());
        for cut in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            match Mark::open(folder.path()) {
                Err(why) => assert!(why.to_string().contains("remove"), "{why}"),
                Ok(mark) => assert!(cut == 0 || mark.stand().unwrap() == Some(STOOD), "cut at {cut}"),
            }
        }
    }
}
