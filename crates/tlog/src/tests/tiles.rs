//! Proofs out of tiles against proofs out of memory, and appending batch by batch against appending at once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Kept, numbered};
use crate::{
    Bundle, Edge, EdgeError, Frontier, Nodes, Resource, TILE_WIDTH, Tile, TileNodes, decode_bundle, encode_bundle,
    prove_consistency, prove_inclusion, tiles_of_consistency, tiles_of_inclusion,
};

/// Tiles as a database keeps them: one row for each level and index, with its width.
type Rows = BTreeMap<(u8, u64), (u16, Vec<u8>)>;

/// Appends leaves in batches of these lengths, each from the rows alone.
fn integrate(kept: &Kept, batches: &[u64]) -> Rows {
    let mut rows = Rows::new();
    let mut frontier = Vec::new();
    let mut size = 0;
    for batch in batches {
        let resumed = Frontier::from_bytes(size, &frontier).unwrap();
        let mut edge = Edge::resume(resumed, |tile| row(&rows, tile)).unwrap();
        let mut stored = Vec::new();
        for index in size..size + batch {
            edge.append(kept.leaves[usize::try_from(index).unwrap()], |tile, data| stored.push((tile, data.to_vec())));
        }
        stored.extend(edge.changed().map(|(tile, data)| (tile, data.to_vec())));
        for (tile, data) in stored {
            let before = rows.insert((tile.level, tile.index), (tile.width, data.clone()));
            if let Some((width, before)) = before {
                assert!(width < tile.width, "a row is written because it grew");
                assert_eq!(data[..before.len()], before, "what stood stands");
            }
        }
        size += batch;
        assert_eq!(edge.frontier().size(), size);
        frontier = edge.frontier().to_bytes();
    }
    rows
}

fn row(rows: &Rows, tile: Tile) -> Option<Vec<u8>> {
    rows.get(&(tile.level, tile.index)).filter(|(width, _)| *width == tile.width).map(|(_, data)| data.clone())
}

/// The tile by its definition: each hash is a node of the tree.
fn defined(kept: &Kept, tile: Tile) -> Vec<u8> {
    let first = tile.index * u64::from(TILE_WIDTH);
    (first..first + u64::from(tile.width)).flat_map(|index| kept.node(tile.level * 8, index).unwrap().0).collect()
}

#[test]
fn rows_hold_the_tiles_of_the_definition_however_they_came() {
    let kept = numbered(66_000);
    for batches in [&[66_000_u64][..], &[1, 254, 1, 1, 255, 256, 257, 64_510, 465], &[0, 65_536, 0, 464]] {
        let size = batches.iter().sum();
        let rows = integrate(&kept, batches);
        let tiles: Vec<Tile> = Tile::all(size).collect();
        assert_eq!(rows.len(), tiles.len());
        for tile in tiles {
            assert_eq!(row(&rows, tile), Some(defined(&kept, tile)), "{}", Resource::Tile(tile));
        }
    }
}

#[test]
fn an_edge_does_not_go_on_from_other_tiles() {
    for size in [1, 255, 256, 257, 1_000, 65_792] {
        let kept = numbered(size);
        let rows = integrate(&kept, &[size]);
        for partial in Tile::partial(size) {
            let resume = |change: fn(&mut Vec<u8>)| {
                let read = |tile| {
                    let mut data = row(&rows, tile)?;
                    if tile == partial {
                        change(&mut data);
                    }
                    Some(data)
                };
                Edge::resume(kept.frontier.clone(), read).map(|edge| edge.frontier().root())
            };
            assert_eq!(resume(|_| ()), Ok(kept.frontier.root()));
            assert_eq!(resume(|data| data[0] ^= 1), Err(EdgeError::Differs(partial)));
            assert_eq!(resume(|data| *data.last_mut().unwrap() ^= 1), Err(EdgeError::Differs(partial)));
            assert_eq!(resume(|data| data.truncate(data.len() - 1)), Err(EdgeError::Missing(partial)));
        }
    }
    let kept = numbered(3);
    let missing = Edge::resume(kept.frontier, |_| None).map(|_| ());
    assert_eq!(missing, Err(EdgeError::Missing(Tile { level: 0, index: 0, width: 3 })));
}

#[test]
fn nodes_outside_the_tree_or_of_bad_tiles_are_none() {
    let kept = numbered(700);
    let rows = integrate(&kept, &[700]);
    let nodes = TileNodes::new(700, |tile| row(&rows, tile));
    for level in 0..=u8::MAX {
        for index in [0, 1, 2, 3, 87, 88, 349, 350, 699, 700, u64::MAX] {
            assert_eq!(nodes.node(level, index), kept.node(level, index), "{level} {index}");
        }
    }
    let earlier = TileNodes::new(300, |tile| rows.get(&(tile.level, tile.index)).map(|(_, data)| data.clone()));
    assert_eq!(prove_inclusion(&earlier, 280, 300), prove_inclusion(&kept, 280, 300), "rows that have grown since");
    assert_eq!(earlier.node(0, 300), None, "of a later tree");
    let short = TileNodes::new(700, |tile| row(&rows, tile).map(|data| data[1..].to_vec()));
    assert_eq!(short.node(0, 0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_from_tiles_are_those_from_memory(size in 1_u64..2_000, part in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let within = |at: prop::sample::Index| u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        let (index, earlier, cut) = (within(place), within(part) + 1, within(cut));
        let kept = numbered(size);
        let rows = integrate(&kept, &[cut, size - cut]);
        let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let nodes = TileNodes::new(size, |tile| {
            asked.borrow_mut().insert(tile);
            row(&rows, tile)
        });
        prop_assert_eq!(prove_inclusion(&nodes, index, size), prove_inclusion(&kept, index, size));
        prop_assert_eq!(asked.take().into_iter().collect::<Vec<_>>(), tiles_of_inclusion(index, size).unwrap());
        prop_assert_eq!(prove_consistency(&nodes, earlier, size), prove_consistency(&kept, earlier, size));
        prop_assert_eq!(asked.take().into_iter().collect::<Vec<_>>(), tiles_of_consistency(earlier, size).unwrap());
    }

    #[test]
    fn paths_are_read_back(level in 0..=63_u8, index: u64, width in 1..=TILE_WIDTH) {
        for resource in [Resource::Tile(Tile { level, index, width }), Resource::Entries(Bundle { index, width })] {
            prop_assert_eq!(Resource::parse(resource.to_string().as_bytes()), Ok(resource));
        }
    }

    #[test]
    fn bundles_are_read_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..=256)) {
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        let width = u16::try_from(entries.len()).unwrap();
        prop_assert_eq!(decode_bundle(&bytes, width).unwrap(), entries);
        prop_assert!(decode_bundle(&bytes[..bytes.len() - 1], width).is_err());
        prop_assert!(decode_bundle(&[bytes.as_slice(), &[0]].concat(), width).is_err());
    }
}
