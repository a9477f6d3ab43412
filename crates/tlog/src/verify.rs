//! A log recomputed from its entries.
//!
//! Everything is recomputed, and no tile is believed: a verifier that reads hashes out of tiles must check every tile
//! against its parent, and such verifiers have left some out (CVE-2026-56865).

use crate::bundle::{BundleError, decode_bundle};
use crate::checkpoint::Checkpoint;
use crate::edge::Edge;
use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, leaf_hash};
use crate::tile::{Bundle, Resource, Tile};

/// Where a log is not what its checkpoint says, or a checkpoint not what follows from one that was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// A file is missing.
    #[error("{0} is missing")]
    Missing(Resource),
    /// A bundle does not read.
    #[error("{}: {why}", Resource::Entries(*.bundle))]
    Bundle {
        /// Which bundle.
        bundle: Bundle,
        /// Where in it.
        why: BundleError,
    },
    /// A tile has another length.
    #[error("{} has {found} bytes, not {}", Resource::Tile(*.tile), .tile.bytes())]
    Length {
        /// Which tile.
        tile: Tile,
        /// Its bytes.
        found: usize,
    },
    /// A tile is not that of the entries.
    #[error("{} differs from the entries at hash {hash}", Resource::Tile(*.tile))]
    Tile {
        /// Which tile.
        tile: Tile,
        /// The first of its hashes that differs, from 0.
        hash: usize,
    },
    /// The entries and tiles agree with each other and not with the checkpoint.
    #[error("checkpoint: the root of {0} entries is another")]
    Root(u64),
    /// A kept checkpoint is of another log.
    #[error("the kept checkpoint is of {0}")]
    Origin(String),
    /// A kept checkpoint has more leaves than the log: its tail was cut off, or an older state put back.
    #[error("a checkpoint of {kept} leaves was kept, and the log has {size}")]
    Rollback {
        /// Leaves of the kept checkpoint.
        kept: u64,
        /// Leaves of the log.
        size: u64,
    },
    /// The first entries of the log are not those of a kept checkpoint: history was rewritten.
    #[error("the first {0} entries are not those of the kept checkpoint")]
    Rewritten(u64),
}

/// Recomputes every leaf, every byte of every tile and the root from the entries, and the root of each kept checkpoint
/// on the way; `entry` sees each entry with its index and the tree that ends with it.
///
/// `read` gives a file's bytes, or nothing when there is none; it bounds what it reads by
/// [`BUNDLE_BYTES_MAX`](crate::BUNDLE_BYTES_MAX). At most one bundle, one tile and the tree's edge are in memory. The
/// checkpoints come verified (see [`Checkpoint::open`]): without one that was kept, a genuine older state and a history
/// rewritten with the log's own key both pass.
///
/// # Errors
/// The first [`Difference`], in the order of the entries.
pub fn verify_log(
    checkpoint: &Checkpoint,
    kept: &[Checkpoint],
    mut read: impl FnMut(Resource) -> Option<Vec<u8>>,
    mut entry: impl FnMut(u64, &[u8], &Frontier),
) -> Result<(), Difference> {
    let mut kept = Kept::of(checkpoint, kept)?;
    let mut edge = Edge::new();
    kept.pass(edge.frontier())?;
    for bundle in Bundle::all(checkpoint.size) {
        let bytes = read(Resource::Entries(bundle)).ok_or(Difference::Missing(Resource::Entries(bundle)))?;
        let entries = decode_bundle(&bytes, bundle.width).map_err(|why| Difference::Bundle { bundle, why })?;
        for (index, bytes) in (bundle.first()..).zip(entries) {
            let mut compared = Ok(());
            edge.append(leaf_hash(bytes), |tile, data| {
                if compared.is_ok() {
                    compared = compare(&mut read, tile, data);
                }
            });
            compared?;
            kept.pass(edge.frontier())?;
            entry(index, bytes, edge.frontier());
        }
    }
    for (tile, data) in edge.partial() {
        compare(&mut read, tile, data)?;
    }
    if edge.frontier().root() == checkpoint.root { Ok(()) } else { Err(Difference::Root(checkpoint.size)) }
}

/// Compares a tile with what it must be.
fn compare(read: &mut impl FnMut(Resource) -> Option<Vec<u8>>, tile: Tile, data: &[u8]) -> Result<(), Difference> {
    let found = read(Resource::Tile(tile)).ok_or(Difference::Missing(Resource::Tile(tile)))?;
    if found.len() != data.len() {
        return Err(Difference::Length { tile, found: found.len() });
    }
    match found.iter().zip(data).position(|(found, expected)| found != expected) {
        Some(at) => Err(Difference::Tile { tile, hash: at / HASH_BYTES }),
        None => Ok(()),
    }
}

/// The kept checkpoints that are still to be passed, largest first.
struct Kept<'a>(Vec<&'a Checkpoint>);

impl<'a> Kept<'a> {
    fn of(checkpoint: &Checkpoint, kept: &'a [Checkpoint]) -> Result<Self, Difference> {
        let mut sorted: Vec<&Checkpoint> = kept.iter().collect();
        sorted.sort_by_key(|kept| std::cmp::Reverse(kept.size));
        if let Some(other) = sorted.iter().find(|kept| kept.origin != checkpoint.origin) {
            return Err(Difference::Origin(other.origin.clone()));
        }
        match sorted.first() {
            Some(largest) if largest.size > checkpoint.size => {
                Err(Difference::Rollback { kept: largest.size, size: checkpoint.size })
            }
            _ => Ok(Self(sorted)),
        }
    }

    /// Checks those of the size that is reached.
    fn pass(&mut self, reached: &Frontier) -> Result<(), Difference> {
        while let Some(kept) = self.0.pop_if(|kept| kept.size == reached.size()) {
            if kept.root != reached.root() {
                return Err(Difference::Rewritten(kept.size));
            }
        }
        Ok(())
    }
}
