//! Tiles (C2SP tlog-tiles): the hashes of a tree in files of 256, and proofs out of them.

use crate::hash::{HASH_BYTES, Hash, complete_root};
use crate::lines;
use crate::proof::{Missing, Nodes, prove_consistency, prove_inclusion};

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Highest level of a path; the standard's. A tree that 64 bits count has tiles of the levels 0 to 7.
pub const TILE_LEVEL_MAX: u8 = 63;
/// Longest path that is read, in bytes.
pub const PATH_BYTES_MAX: usize = 64;

/// Levels of the tree in a tile.
const TILE_HEIGHT: u8 = 8;

/// A tile's place: hash `i` of it is the node of level `8 * level` and index `256 * index + i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Level, in tiles; 0 holds the leaves' hashes.
    pub level: u8,
    /// Index from the left.
    pub index: u64,
    /// Hashes, 1 to [`TILE_WIDTH`]; a tile with fewer than these is partial.
    pub width: u16,
}

/// A bundle's place: entry `i` of it is leaf `256 * index + i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bundle {
    /// Index from the left.
    pub index: u64,
    /// Entries, 1 to [`TILE_WIDTH`].
    pub width: u16,
}

/// A file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Hashes: `tile/<L>/<N>[.p/<W>]`.
    Tile(Tile),
    /// Entries: `tile/entries/<N>[.p/<W>]`.
    Entries(Bundle),
}

/// A text is no path of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no path of a tile: {0}")]
pub struct PathError(&'static str);

/// Hashes or entries behind the first `index * 256`, of so many in all; 0 to 256.
fn width_at(index: u64, all: u64) -> u16 {
    let behind = all.saturating_sub(index.saturating_mul(TILE_WIDTH.into()));
    u16::try_from(behind).unwrap_or(TILE_WIDTH).min(TILE_WIDTH)
}

/// Nodes of a tree of `size` leaves that stand in tiles of a level.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

impl Tile {
    /// The tiles of a tree, level by level from the leaves, each level from the left.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(move |level| (level, hashes_at(level, size))).take_while(|(_, hashes)| *hashes > 0).flat_map(
            |(level, hashes)| {
                (0..hashes.div_ceil(TILE_WIDTH.into())).map(move |index| Self {
                    level,
                    index,
                    width: width_at(index, hashes),
                })
            },
        )
    }

    /// The partial tiles of a tree, from the leaves: at most one a level.
    pub fn partial(size: u64) -> impl Iterator<Item = Self> {
        (0..TILE_HEIGHT).filter_map(move |level| {
            let hashes = hashes_at(level, size);
            let width = u16::try_from(hashes % u64::from(TILE_WIDTH)).expect("below 256");
            (width > 0).then_some(Self { level, index: hashes / u64::from(TILE_WIDTH), width })
        })
    }

    /// The tile of a tree in which a node stands or is made of, and the first of its hashes below the node.
    fn around(level: u8, index: u64, size: u64) -> Option<(Self, usize)> {
        let within = level % TILE_HEIGHT;
        let level = level / TILE_HEIGHT;
        let first = index.checked_mul(1 << within)?;
        let index = first / u64::from(TILE_WIDTH);
        let tile = Self { level, index, width: width_at(index, hashes_at(level, size)) };
        let first = usize::try_from(first % u64::from(TILE_WIDTH)).expect("below 256");
        (first + (1 << within) <= usize::from(tile.width)).then_some((tile, first))
    }

    /// Bytes of the tile.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::from(self.width) * HASH_BYTES
    }
}

impl Bundle {
    /// The bundles of a log, from the left.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..size.div_ceil(TILE_WIDTH.into())).map(move |index| Self { index, width: width_at(index, size) })
    }

    /// Index of the first entry.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH as u64)
    }
}

impl Resource {
    /// Reads a path, with nothing before or behind it.
    ///
    /// # Errors
    /// [`PathError`]; every resource has one path and every other text is refused.
    pub fn parse(path: &[u8]) -> Result<Self, PathError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(PathError("it is too long"));
        }
        let path = std::str::from_utf8(path).map_err(|_| PathError("it is not UTF-8"))?;
        let rest = path.strip_prefix("tile/").ok_or(PathError("it does not begin with tile/"))?;
        let (level, place) = rest.split_once('/').ok_or(PathError("it has no index"))?;
        let (index, width) = match place.split_once(".p/") {
            None => (place, TILE_WIDTH),
            Some((index, width)) => {
                let width = lines::decimal(width).and_then(|width| u16::try_from(width).ok());
                let width = width.filter(|width| (1..TILE_WIDTH).contains(width));
                (index, width.ok_or(PathError("its width is not 1 to 255"))?)
            }
        };
        let index = index_of(index).ok_or(PathError("its index is not in groups of three digits"))?;
        if level == "entries" {
            return Ok(Self::Entries(Bundle { index, width }));
        }
        let level = lines::decimal(level).and_then(|level| u8::try_from(level).ok());
        let level = level.filter(|level| *level <= TILE_LEVEL_MAX).ok_or(PathError("its level is not 0 to 63"))?;
        Ok(Self::Tile(Tile { level, index, width }))
    }
}

/// Reads `x001/x234/067`. An index has no group of zeros before it, so that it is written in one way.
fn index_of(text: &str) -> Option<u64> {
    let mut groups = text.split('/').peekable();
    let mut index = 0_u64;
    let mut is_first = true;
    while let Some(group) = groups.next() {
        let is_last = groups.peek().is_none();
        let digits = if is_last { group } else { group.strip_prefix('x')? };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if is_first && !is_last && digits == "000" {
            return None;
        }
        is_first = false;
        index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (index, width) = match self {
            Self::Tile(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries(bundle) => {
                f.write_str("tile/entries/")?;
                (bundle.index, bundle.width)
            }
        };
        let groups = std::iter::successors(Some(index), |rest| (*rest >= 1_000).then_some(rest / 1_000));
        let groups: Vec<u64> = groups.map(|rest| rest % 1_000).collect();
        for (behind, group) in groups.iter().enumerate().rev() {
            match behind {
                0 => write!(f, "{group:03}")?,
                _ => write!(f, "x{group:03}/")?,
            }
        }
        if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

/// The nodes of a tree of `size` leaves, out of its tiles. Nodes between a tile's hashes and the next level's are
/// computed, so a node costs up to 127 hashes beside the reading.
///
/// Nothing is checked here: what tiles say of a root is worth what the proofs made of them are found to be.
#[derive(Debug)]
pub struct TileNodes<R> {
    size: u64,
    read: R,
}

impl<R: Fn(Tile) -> Option<Vec<u8>>> TileNodes<R> {
    /// The nodes of a tree of so many leaves; `read` gives a tile's bytes, or nothing when it is not kept. It is asked
    /// for a tile more than once, and only for tiles of that tree; it may give the tile of a later tree, which begins
    /// with it.
    pub const fn new(size: u64, read: R) -> Self {
        Self { size, read }
    }
}

impl<R: Fn(Tile) -> Option<Vec<u8>>> Nodes for TileNodes<R> {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile, first) = Tile::around(level, index, self.size)?;
        let data = (self.read)(tile)?;
        let hashes = data.get(..tile.bytes())?.as_chunks().0;
        complete_root(&hashes[first..first + (1 << (level % TILE_HEIGHT))])
    }
}

/// The tiles that [`prove_inclusion`] reads, for a store that fetches them beforehand: at most two a level.
///
/// # Errors
/// [`Missing::Range`].
pub fn tiles_of_inclusion(index: u64, size: u64) -> Result<Vec<Tile>, Missing> {
    let asked = Asked::of(size);
    prove_inclusion(&asked, index, size)?;
    Ok(asked.tiles())
}

/// The tiles that [`prove_consistency`] reads of the later tree: at most two a level.
///
/// # Errors
/// [`Missing::Range`].
pub fn tiles_of_consistency(earlier: u64, later: u64) -> Result<Vec<Tile>, Missing> {
    let asked = Asked::of(later);
    prove_consistency(&asked, earlier, later)?;
    Ok(asked.tiles())
}

/// Answers every question about nodes with the same hash and remembers the tiles it would have taken.
struct Asked {
    size: u64,
    tiles: std::cell::RefCell<std::collections::BTreeSet<Tile>>,
}

impl Asked {
    fn of(size: u64) -> Self {
        Self { size, tiles: std::cell::RefCell::default() }
    }

    fn tiles(self) -> Vec<Tile> {
        self.tiles.into_inner().into_iter().collect()
    }
}

impl Nodes for Asked {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile, _) = Tile::around(level, index, self.size)?;
        self.tiles.borrow_mut().insert(tile);
        Some(Hash([0; HASH_BYTES]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: u8, index: u64, width: u16) -> Resource {
        Resource::Tile(Tile { level, index, width })
    }

    #[test]
    fn paths_are_those_of_the_standard() {
        for (resource, path) in [
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 273, 112), "tile/0/273.p/112"),
            (tile(1, 1_234_067, 256), "tile/1/x001/x234/067"),
            (tile(63, 1_000, 1), "tile/63/x001/000.p/1"),
            (tile(7, u64::MAX, 255), "tile/7/x018/x446/x744/x073/x709/x551/615.p/255"),
            (Resource::Entries(Bundle { index: 999, width: 256 }), "tile/entries/999"),
            (Resource::Entries(Bundle { index: 1_234, width: 7 }), "tile/entries/x001/234.p/7"),
        ] {
            assert_eq!(resource.to_string(), path);
            assert_eq!(Resource::parse(path.as_bytes()), Ok(resource));
        }
    }

    #[test]
    fn every_other_path_is_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001/x002",
            "tile/0/x01/002",
            "tile/0/+01",
            "tile/0/000/",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "/tile/0/000",
            "tile/entries/../000",
            "tile/data/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x020/x000/x000/x000/x000/x000/000",
            " tile/0/000",
            "tile/0/000\n",
        ] {
            assert!(Resource::parse(path.as_bytes()).is_err(), "{path}");
        }
        assert!(Resource::parse(b"tile/0/\xff00").is_err());
        let long = format!("tile/0/{}000", "x000/".repeat(12));
        assert_eq!(Resource::parse(long.as_bytes()), Err(PathError("it is too long")));
    }

    #[test]
    fn a_tree_has_the_tiles_of_the_standard() {
        let tiles: Vec<Tile> = Tile::all(70_000).collect();
        let count = |level, is_full: bool| {
            tiles.iter().filter(|tile| tile.level == level && (tile.width == TILE_WIDTH) == is_full).count()
        };
        assert_eq!([count(0, true), count(0, false), count(1, true), count(1, false)], [273, 1, 1, 1]);
        assert_eq!(tiles.len(), 277);
        let partial: Vec<(u8, u64, u16)> =
            Tile::partial(70_000).map(|tile| (tile.level, tile.index, tile.width)).collect();
        assert_eq!(partial, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        let of_256: Vec<String> = Tile::all(256).map(|tile| Resource::Tile(tile).to_string()).collect();
        assert_eq!(of_256, ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(Tile::all(0).count() + Bundle::all(0).count(), 0);
        assert_eq!(
            Bundle::all(257).collect::<Vec<_>>(),
            [Bundle { index: 0, width: 256 }, Bundle { index: 1, width: 1 }]
        );
        assert_eq!(Tile::partial(u64::MAX).count(), 8);
    }
}
