//! The right edge of a tree in tiles: what must be kept of a log in tiles to append to it.

use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, Hash, complete_root};
use crate::tile::{TILE_WIDTH, Tile};

/// A tree's frontier and its partial tiles: at most eight tiles, whatever the size.
///
/// An integrator that keeps one row for each level and index resumes with the rows of [`Tile::partial`], appends,
/// stores the full tiles that [`append`](Self::append) reports and then those of [`changed`](Self::changed).
#[derive(Debug, Clone)]
pub struct Edge {
    frontier: Frontier,
    /// Size that it was begun or resumed with.
    begun: u64,
    /// The hashes of each level's last tile, if that is partial.
    levels: Vec<Vec<u8>>,
}

/// Why a log does not go on from its tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// A partial tile is missing or has another width.
    #[error("{} is missing or has not {} bytes", crate::Resource::Tile(*.0), .0.bytes())]
    Missing(Tile),
    /// A partial tile's hashes are not those of the frontier.
    #[error("{} does not agree with the frontier", crate::Resource::Tile(*.0))]
    Differs(Tile),
}

impl Default for Edge {
    fn default() -> Self {
        Self::new()
    }
}

impl Edge {
    /// The edge of a tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { frontier: Frontier::new(), begun: 0, levels: Vec::new() }
    }

    /// Goes on where a tree ended: `read` gives the bytes of its partial tiles. They are checked against the frontier,
    /// so that nothing is built on a tile that was changed.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub fn resume(frontier: Frontier, mut read: impl FnMut(Tile) -> Option<Vec<u8>>) -> Result<Self, EdgeError> {
        let mut levels = Vec::new();
        let mut roots = frontier.roots().iter().rev();
        for tile in Tile::partial(frontier.size()) {
            let data = read(tile).filter(|data| data.len() == tile.bytes()).ok_or(EdgeError::Missing(tile))?;
            let mut hashes = data.as_chunks::<HASH_BYTES>().0;
            // The smallest complete subtree stands at the right.
            for subtree in (0..8).filter(|bit| tile.width & (1 << bit) != 0) {
                let (before, last) = hashes.split_at(hashes.len() - (1 << subtree));
                if roots.next().copied() != complete_root(last) {
                    return Err(EdgeError::Differs(tile));
                }
                hashes = before;
            }
            levels.resize(tile.level.into(), Vec::new());
            levels.push(data);
        }
        Ok(Self { begun: frontier.size(), frontier, levels })
    }

    /// Appends a leaf by its hash, and reports each tile that is full by it, from the leaves up.
    ///
    /// # Panics
    /// As [`Frontier::append`].
    pub fn append(&mut self, leaf: Hash, mut full: impl FnMut(Tile, &[u8])) {
        let Self { frontier, levels, .. } = self;
        frontier.append(leaf, |level, index, hash| {
            if level % 8 != 0 {
                return;
            }
            let level = level / 8;
            if levels.len() <= level.into() {
                levels.push(Vec::with_capacity(usize::from(TILE_WIDTH) * HASH_BYTES));
            }
            let data = &mut levels[usize::from(level)];
            data.extend_from_slice(&hash.0);
            let tile = Tile { level, index: index / u64::from(TILE_WIDTH), width: TILE_WIDTH };
            if data.len() == tile.bytes() {
                full(tile, data);
                data.clear();
            }
        });
    }

    /// The partial tiles, from the leaves.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[u8])> {
        Tile::partial(self.frontier.size()).map(|tile| (tile, self.levels[usize::from(tile.level)].as_slice()))
    }

    /// The partial tiles that are others than when the edge was begun or resumed.
    pub fn changed(&self) -> impl Iterator<Item = (Tile, &[u8])> {
        self.partial().filter(|(tile, _)| !Tile::partial(self.begun).any(|before| before == *tile))
    }

    /// The frontier, with size and root.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}
