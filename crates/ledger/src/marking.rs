//! What an integrator knows by the mark: whether the database in front of it is the one that it published from.

use std::sync::Arc;

use tenancy::epoch::{Published, Stand};
use tenancy::{Error, WorkspaceId};
use tlog::Frontier;
use tokio::sync::Mutex;

use crate::published::{Mark, MarkError};

/// A log, and what was published of it.
pub(crate) type Signed = (WorkspaceId, Published);
/// What was published and is not in the mark yet.
type Owed = Option<(Stand, Vec<Signed>)>;

/// The mark of an integrator, if it has one, and what could not be written into it yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marking {
    mark: Option<Mark>,
    owed: Arc<Mutex<Owed>>,
}

impl Marking {
    pub(crate) fn by(mark: Mark) -> Self {
        Self { mark: Some(mark), ..Self::default() }
    }

    /// What the mark knows of every log.
    pub(crate) fn logs(&self) -> Result<Vec<Signed>, Error> {
        self.mark.as_ref().map_or(Ok(Vec::new()), Mark::logs).map_err(|why| unusable(&why))
    }

    /// The epoch that logs begin with where the database knows of none.
    pub(crate) fn first_epoch(&self) -> Result<i32, Error> {
        Ok(self.stand()?.map_or(1, |marked| marked.epoch.saturating_add(1)))
    }

    /// The epoch that must be opened before anything is signed in a database that stands so; nothing where it goes on.
    pub(crate) fn judge(&self, found: &Stand) -> Result<Option<i32>, Error> {
        let Some(marked) = self.stand()? else { return Ok(None) };
        let why = put_back(&marked, found);
        if let Some(why) = why {
            tracing::error!(reason = why, "the database was put back; the logs begin anew");
        }
        Ok(why.map(|_| self.next(&marked, found)))
    }

    /// The same, where a log is behind what was published of it though the database as a whole is not.
    pub(crate) fn contradicted(
        &self,
        found: &Stand,
        log: WorkspaceId,
        stands: &Frontier,
    ) -> Result<Option<i32>, Error> {
        let (Some(mark), Some(marked)) = (&self.mark, self.stand()?) else { return Ok(None) };
        let known = mark.of(log).map_err(|why| unusable(&why))?.filter(|known| known.epoch == found.epoch);
        let is_behind = known.is_some_and(|known| {
            stands.size() < known.size || (stands.size() == known.size && stands.root().0 != known.root)
        });
        if is_behind {
            tracing::error!(workspace = %log, "a log is behind what was published of it; the logs begin anew");
        }
        Ok(is_behind.then(|| self.next(&marked, found)))
    }

    /// The first epoch that was never used.
    pub(crate) fn next_epoch(&self, found: &Stand) -> Result<i32, Error> {
        Ok(self.stand()?.map_or(found.epoch.saturating_add(1), |marked| self.next(&marked, found)))
    }

    #[expect(clippy::unused_self, reason = "it is the marking that numbers epochs")]
    fn next(&self, marked: &Stand, found: &Stand) -> i32 {
        marked.epoch.max(found.epoch).saturating_add(1)
    }

    /// Writes what was published, off the async threads. What cannot be written is owed, and nothing is published before
    /// it is.
    pub(crate) async fn note(&self, stand: Stand, signed: Vec<Signed>) -> Result<(), Error> {
        if self.mark.is_none() || signed.is_empty() {
            return Ok(());
        }
        let mut owed = self.owed.lock().await;
        let mut all = owed.take().map_or_else(Vec::new, |(_, before)| before);
        all.extend(signed);
        *owed = Some((stand, all));
        self.write(&mut owed).await
    }

    /// Writes what is owed.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        self.write(&mut *self.owed.lock().await).await
    }

    async fn write(&self, owed: &mut Owed) -> Result<(), Error> {
        let (Some(mark), Some((stand, signed))) = (self.mark.clone(), owed.clone()) else { return Ok(()) };
        let write = move || mark.note(stand, &signed);
        tokio::task::spawn_blocking(write).await.map_err(|_| Error::Unavailable)?.map_err(|why| unusable(&why))?;
        *owed = None;
        Ok(())
    }

    fn stand(&self) -> Result<Option<Stand>, Error> {
        self.mark.as_ref().map_or(Ok(None), Mark::stand).map_err(|why| unusable(&why))
    }
}

/// Why a database that stands so is not what was marked, or was put back; nothing where it is the same and went on, and
/// where another node opened a later epoch.
fn put_back(marked: &Stand, found: &Stand) -> Option<&'static str> {
    if found.epoch > marked.epoch {
        return None;
    }
    if found.epoch < marked.epoch {
        return Some("it is of an earlier epoch");
    }
    if found.system != marked.system {
        return Some("it is another cluster");
    }
    if found.timeline != marked.timeline {
        return Some("it is on another timeline");
    }
    (found.cursor < marked.cursor).then_some("it is behind what was published from it")
}

fn unusable(why: &MarkError) -> Error {
    tracing::error!(error = %why, "nothing is published without its mark");
    Error::Integrity("the mark of what was published cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: Stand = Stand { system: 7, timeline: 1, epoch: 2, cursor: 100 };

    #[test]
    fn a_database_that_went_on_is_told_from_one_that_was_put_back() {
        for (found, is_back) in [
            (MARKED, false),
            (Stand { cursor: 101, ..MARKED }, false),
            (Stand { cursor: 99, ..MARKED }, true),
            (Stand { system: 8, cursor: 200, ..MARKED }, true),
            (Stand { timeline: 2, cursor: 200, ..MARKED }, true),
            (Stand { timeline: 0, cursor: 200, ..MARKED }, true),
            (Stand { epoch: 1, cursor: 200, ..MARKED }, true),
            (Stand { epoch: 3, cursor: 1, ..MARKED }, false),
            (Stand { epoch: 3, system: 8, timeline: 2, cursor: 1 }, false),
        ] {
            assert_eq!(put_back(&MARKED, &found).is_some(), is_back, "{found:?}");
        }
    }

    #[test]
    fn an_epoch_that_was_used_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark::open(folder.path()).unwrap();
        let marking = Marking::by(mark.clone());
        assert_eq!(
            (marking.first_epoch().unwrap(), marking.judge(&MARKED).unwrap()),
            (1, None),
            "nothing is known yet"
        );
        mark.note(MARKED, &[]).unwrap();
        assert_eq!(marking.first_epoch().unwrap(), 3);
        assert_eq!(marking.judge(&Stand { epoch: 1, ..MARKED }).unwrap(), Some(3));
        assert_eq!(marking.judge(&Stand { cursor: 1, ..MARKED }).unwrap(), Some(3));
        assert_eq!(marking.next_epoch(&Stand { epoch: 5, ..MARKED }).unwrap(), 6);
        assert_eq!(Marking::default().next_epoch(&MARKED).unwrap(), 3);
    }

    #[test]
    fn a_log_that_is_behind_or_another_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark::open(folder.path()).unwrap();
        let log = WorkspaceId::random();
        let tree = |leaves: &[&str]| {
            let mut tree = Frontier::new();
            leaves.iter().for_each(|leaf| tree.append(tlog::leaf_hash(leaf.as_bytes()), |_, _, _| {}));
            tree
        };
        let stood = tree(&["a", "b"]);
        mark.note(MARKED, &[(log, Published { epoch: 2, size: 2, root: stood.root().0 })]).unwrap();
        let marking = Marking::by(mark);
        let seen = |stand: &Stand, leaves: &[&str]| marking.contradicted(stand, log, &tree(leaves)).unwrap();
        assert_eq!(seen(&MARKED, &["a"]), Some(3));
        assert_eq!(seen(&MARKED, &["a", "c"]), Some(3));
        assert_eq!(seen(&MARKED, &["a", "b"]), None);
        assert_eq!(seen(&MARKED, &["a", "b", "c"]), None);
        assert_eq!(seen(&Stand { epoch: 3, ..MARKED }, &["a"]), None, "of another epoch nothing is known");
        assert_eq!(marking.contradicted(&MARKED, WorkspaceId::random(), &tree(&[])).unwrap(), None);
    }
}
