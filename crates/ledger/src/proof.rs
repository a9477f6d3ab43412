//! The proof of one record: a file by C2SP tlog-proof, for whoever has the record's entry and the log's key.

use std::collections::HashMap;

use tenancy::leaves;
use tenancy::policy::SeeTrail;
use tenancy::trail::{LeafMark, TrailRow};
use tenancy::{Database, Error, Mode, Permit, Scope};
use tlog::{ProofFile, Tile, TileNodes, prove_inclusion, tiles_of_inclusion};

use crate::{entry, origin};

/// A record's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Index of its leaf.
    pub index: u64,
    /// The entry that the leaf commits to.
    pub entry: String,
    /// The proof file.
    pub file: String,
    /// Whether the file holds under the log's own key, which was tried before it was handed out.
    pub holds: bool,
    /// The log's name.
    pub origin: String,
    /// Leaves of the checkpoint.
    pub size: u64,
}

/// Proves a record as it was read in the newest checkpoint; nothing while it has no leaf there.
///
/// # Errors
/// [`Error::Integrity`] when the log does not hold what the proof needs; the general failures of a query.
pub async fn prove<M: Mode>(
    scope: &Scope<M>,
    permit: &Permit<SeeTrail>,
    row: &TrailRow,
) -> Result<Option<Proof>, Error> {
    let damaged = Error::Integrity("the log does not hold what the proof needs");
    let Some(&LeafMark { epoch, index, .. }) = row.leaf.as_ref() else { return Ok(None) };
    let Some(head) = leaves::head(scope, permit).await?.filter(|head| head.epoch == epoch) else { return Ok(None) };
    let Some(note) = head.checkpoint.filter(|_| index < head.signed_size) else { return Ok(None) };
    let mut tiles: HashMap<Tile, Vec<u8>> = HashMap::new();
    for tile in tiles_of_inclusion(index, head.signed_size).map_err(|_| damaged.clone())? {
        tiles.insert(tile, read(scope, permit, epoch, tile).await?);
    }
    let nodes = TileNodes::new(head.signed_size, |tile| tiles.get(&tile).cloned());
    let hashes = prove_inclusion(&nodes, index, head.signed_size).map_err(|_| damaged)?;
    let entry = entry::of_record(epoch, &row.commitments);
    let proof = ProofFile { extra: None, index, hashes, note: &note };
    let origin = note.lines().next().unwrap_or_default().to_owned();
    let key = origin::signing_key(scope.keys(), &origin).map(|key| key.verifier().clone());
    let holds = key.is_some_and(|key| proof.verify(entry.as_bytes(), &[key], &[]).is_ok());
    Ok(Some(Proof { index, entry, file: proof.to_string(), holds, origin, size: head.signed_size }))
}

/// A tile's bytes, out of the leaves or the row of the tile, which may have grown since.
pub(crate) async fn read<M: Mode>(
    scope: &Scope<M>,
    permit: &Permit<SeeTrail>,
    epoch: i32,
    tile: Tile,
) -> Result<Vec<u8>, Error> {
    let mut bytes = match tile.level {
        0 => {
            let first = tile.index.saturating_mul(256);
            leaves::hashes(scope, permit, epoch, first, first.saturating_add(u64::from(tile.width))).await?
        }
        level => leaves::tile(scope, permit, epoch, level, tile.index).await?.unwrap_or_default(),
    };
    bytes.truncate(tile.bytes());
    Ok(bytes)
}

/// A tile's bytes of the deployment's log, out of its entries or the row of the tile.
pub(crate) async fn deployment_tile(database: &Database, epoch: i32, tile: Tile) -> Result<Vec<u8>, Error> {
    let mut bytes = match tile.level {
        0 => {
            let first = tile.index.saturating_mul(256);
            database.deployment_hashes(epoch, first, first.saturating_add(u64::from(tile.width))).await?
        }
        level => database.deployment_tile(epoch, level, tile.index).await?.unwrap_or_default(),
    };
    bytes.truncate(tile.bytes());
    Ok(bytes)
}
