//! Gathers a batch: reads leaves and tiles of the workspace's log, and makes the proofs.

use std::collections::HashMap;

use tenancy::leaves::{self, LeafRow, Part};
use tenancy::policy::{Action as _, OpenEpoch, SeeTrail};
use tenancy::streaming::{Cut, Resume, ToSend};
use tenancy::{Error, Mode, Permit, Scope, StreamId};
use tlog::{
    Checkpoint, Hash, Note, Tile, TileNodes, prove_consistency, prove_inclusion, tiles_of_consistency,
    tiles_of_inclusion,
};

use super::batch::{self, About, BATCH_BYTES_MAX, BATCH_LEAVES_MAX, Batch, Item};
use super::settings::Format;
use crate::entry::{self, Entry};
use crate::{export, origin, proof};

/// What there is to send.
#[derive(Debug)]
pub(crate) enum Gathered {
    /// Nothing yet.
    Nothing,
    /// The log began anew in this epoch.
    NewEpoch(i32),
    /// The log does not hold what was signed: nothing of it may leave.
    Damaged(&'static str),
    /// A batch, new or cut before.
    Batch(Box<Batch>),
}

impl From<&'static str> for Gathered {
    fn from(what: &'static str) -> Self {
        Self::Damaged(what)
    }
}

/// The batch that a stream is to send next.
///
/// # Errors
/// The general failures of a query.
pub(crate) async fn gather<M: Mode>(
    scope: &Scope<M>,
    permit: &Permit<SeeTrail>,
    stream: StreamId,
    format: Format,
    wanted: &ToSend,
) -> Result<Gathered, Error> {
    let (note, last) = match &wanted.cut {
        Some(Cut { last, note, .. }) => (note.clone(), Some(*last)),
        None => {
            let Some(head) = leaves::head(scope, permit).await? else { return Ok(Gathered::Nothing) };
            if head.epoch != wanted.epoch {
                return Ok(Gathered::NewEpoch(head.epoch));
            }
            match head.checkpoint.filter(|_| head.signed_size > wanted.next) {
                Some(note) => (note, None),
                None => return Ok(Gathered::Nothing),
            }
        }
    };
    let Some(checkpoint) = checkpoint_of(scope, &note) else { return Ok("the checkpoint does not hold".into()) };
    let about = About { origin: &checkpoint.origin, workspace: scope.workspace() };
    let mut items: Vec<Item> = Vec::new();
    let mut bytes = 0;
    for row in leaves::page(scope, permit, wanted.epoch, wanted.next).await? {
        let is_full = items.len() >= BATCH_LEAVES_MAX && last.is_none();
        if is_full || row.index >= checkpoint.size || last.is_some_and(|last| row.index > last) {
            break;
        }
        let Some(item) = item_of(wanted.epoch, &row) else { return Ok("a record is not what its leaf says".into()) };
        // The records that open an epoch leave by themselves: behind them the stream goes on elsewhere.
        let is_behind_them = |resume: Resume| row.index >= resume.at || item.entry.action != OpenEpoch::CODE;
        if last.is_none() && !items.is_empty() && wanted.resume.is_some_and(is_behind_them) {
            break;
        }
        bytes += batch::line(format, &item, &about).len();
        if last.is_none() && !items.is_empty() && bytes > BATCH_BYTES_MAX {
            break;
        }
        items.push(item);
    }
    if items.is_empty() {
        return Ok("a leaf is missing".into());
    }
    let log = Log { scope, permit, epoch: wanted.epoch };
    let mut batch = Batch {
        stream,
        workspace: scope.workspace(),
        first: wanted.next,
        expected: wanted.sent,
        previous: (wanted.sent_size > 0).then_some(wanted.sent_size),
        note,
        checkpoint,
        consistency: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        resume: wanted.resume,
        items,
    };
    if last.is_some_and(|last| last != batch.last()) {
        return Ok("a leaf is missing".into());
    }
    let size = batch.checkpoint.size;
    batch.consistency = log.consistency(wanted.sent_size, size).await?;
    batch.before = log.before(batch.first).await?;
    batch.after = log.consistency(batch.last() + 1, size).await?;
    Ok(if batch.holds() {
        Gathered::Batch(Box::new(batch))
    } else {
        "the leaves are not those that were signed".into()
    })
}

/// A note of the workspace's own log, under its own key.
fn checkpoint_of<M: Mode>(scope: &Scope<M>, text: &str) -> Option<Checkpoint> {
    let note = Note::parse(text.as_bytes()).ok()?;
    let checkpoint = Checkpoint::parse(note.text).ok()?;
    let key = origin::signing_key(scope.keys(), &checkpoint.origin)?;
    let is_ours = origin::is_of(&checkpoint.origin, scope.workspace()) && note.verify(key.verifier()).is_ok();
    is_ours.then_some(checkpoint)
}

/// A leaf with what may be shown of its record; nothing for a record that is gone or does not read.
fn item_of(epoch: i32, row: &LeafRow) -> Option<Item> {
    let record = row.record.as_ref()?;
    let text = entry::of_record(epoch, &record.committed);
    let entry = Entry::parse(text.as_bytes()).ok()?;
    let line = export::line_of(row.index, &text, record);
    let opened = [&record.person, &record.period].into_iter().filter_map(|part| match part {
        Part::Opened(fields) => Some(fields),
        Part::Closed | Part::Gone => None,
    });
    Some(Item { index: row.index, text, entry, line, shown: opened.flatten().cloned().collect() })
}

/// The tiles of a log.
struct Log<'a, M: Mode> {
    scope: &'a Scope<M>,
    permit: &'a Permit<SeeTrail>,
    epoch: i32,
}

impl<M: Mode> Log<'_, M> {
    /// That the tree of `later` leaves begins with that of `earlier`; nothing for none and for itself.
    async fn consistency(&self, earlier: u64, later: u64) -> Result<Vec<Hash>, Error> {
        if earlier == 0 || earlier == later {
            return Ok(Vec::new());
        }
        let tiles = self.read(&tiles_of_consistency(earlier, later).map_err(|_| damaged())?).await?;
        let nodes = TileNodes::new(later, |tile| tiles.get(&tile).cloned());
        prove_consistency(&nodes, earlier, later).map_err(|_| damaged())
    }

    /// The roots of the complete subtrees before a leaf, largest first: what lies beside its way up while it is the last.
    async fn before(&self, first: u64) -> Result<Vec<Hash>, Error> {
        let tiles = self.read(&tiles_of_inclusion(first, first + 1).map_err(|_| damaged())?).await?;
        let nodes = TileNodes::new(first + 1, |tile| tiles.get(&tile).cloned());
        let mut beside = prove_inclusion(&nodes, first, first + 1).map_err(|_| damaged())?;
        beside.reverse();
        Ok(beside)
    }

    async fn read(&self, tiles: &[Tile]) -> Result<HashMap<Tile, Vec<u8>>, Error> {
        let mut read = HashMap::with_capacity(tiles.len());
        for &tile in tiles {
            read.insert(tile, proof::read(self.scope, self.permit, self.epoch, tile).await?);
        }
        Ok(read)
    }
}

fn damaged() -> Error {
    Error::Integrity("the log does not hold what the proof needs")
}
