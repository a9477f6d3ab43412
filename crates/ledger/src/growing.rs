//! A tree that grows as it is stored: its frontier, and the hashes that its upper tiles got.

use std::collections::BTreeMap;

use tlog::{Frontier, Hash};

/// A tree while leaves are appended. Level 0 of its tiles are the leaves' own rows and not kept here.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    pub(crate) frontier: Frontier,
    /// Hashes by level and index of the tile that they belong to.
    pub(crate) tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

impl Growing {
    /// A tree that goes on from a frontier.
    pub(crate) fn from(frontier: Frontier) -> Self {
        Self { frontier, tiles: BTreeMap::new() }
    }

    /// Appends a leaf; the hash of every 256 of a level goes to a tile of the level above.
    pub(crate) fn append(&mut self, leaf: Hash) {
        let Self { frontier, tiles } = self;
        frontier.append(leaf, |level, index, hash| {
            if level > 0 && level % 8 == 0 {
                tiles.entry((level / 8, index / 256)).or_default().extend_from_slice(&hash.0);
            }
        });
    }
}
