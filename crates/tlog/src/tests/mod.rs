//! Against the definition of RFC 6962, written down as it stands there, and the hashes that other logs publish.

mod ed25519;
mod parsers;
mod texts;
mod tiles;
mod witness;

use std::collections::HashMap;

use proptest::prelude::*;

use crate::hash::empty_root;
use crate::{
    Frontier, FrontierError, Hash, Missing, Nodes, PROOF_HASHES_MAX, ProofError, leaf_hash, node_hash,
    prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};

/// Sizes that are tried whole.
const SIZES: u64 = 70;

/// A tree with all it ever had.
#[derive(Default)]
struct Kept {
    frontier: Frontier,
    nodes: HashMap<(u8, u64), Hash>,
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
}

impl Nodes for Kept {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }
}

impl Kept {
    fn of(entries: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut kept = Self { roots: vec![Frontier::new().root()], ..Self::default() };
        for entry in entries {
            let leaf = leaf_hash(&entry);
            kept.leaves.push(leaf);
            let nodes = &mut kept.nodes;
            kept.frontier.append(leaf, |level, index, hash| {
                assert_eq!(nodes.insert((level, index), hash), None, "a node is complete once");
            });
            kept.roots.push(kept.frontier.root());
        }
        kept
    }
}

fn numbered(size: u64) -> Kept {
    Kept::of((0..size).map(|number| number.to_be_bytes().to_vec()))
}

/// MTH of RFC 6962, section 2.1.
fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

#[test]
fn roots_are_those_that_other_logs_publish() {
    let entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let published = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let kept = Kept::of(entries.iter().map(|text| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()));
    let found: Vec<String> = kept.roots.iter().map(|root| format!("{root:?}")).collect();
    assert_eq!(found, published);
}

#[test]
fn the_frontier_has_the_root_of_the_definition() {
    let kept = numbered(SIZES);
    for (size, root) in kept.roots.iter().enumerate() {
        assert_eq!(*root, root_of(&kept.leaves[..size]), "{size} leaves");
    }
}

#[test]
fn a_frontier_is_read_back_and_goes_on() {
    for size in 0..SIZES {
        let bytes = numbered(size).frontier.to_bytes();
        let mut read = Frontier::from_bytes(size, &bytes).unwrap();
        assert_eq!(read, numbered(size).frontier);
        read.append(leaf_hash(&size.to_be_bytes()), |_, _, _| {});
        assert_eq!(read.root(), numbered(size + 1).frontier.root());
        let longer = [bytes, vec![0]].concat();
        assert!(matches!(Frontier::from_bytes(size, &longer), Err(FrontierError::Length { .. })));
    }
}

#[test]
fn every_leaf_of_every_tree_is_proven_and_no_other_place() {
    let kept = numbered(SIZES);
    for size in 1..=SIZES {
        let root = &kept.roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let leaf = &kept.leaves[usize::try_from(index).unwrap()];
            let proof = prove_inclusion(&kept, index, size).unwrap();
            assert_eq!(verify_inclusion(&proof, index, size, leaf, root), Ok(()));
            for other in (0..size).filter(|other| *other != index) {
                assert!(verify_inclusion(&proof, other, size, leaf, root).is_err(), "{index} as {other} of {size}");
            }
            spoiled(&proof, |proof| verify_inclusion(proof, index, size, leaf, root));
        }
        assert_eq!(prove_inclusion(&kept, size, size), Err(Missing::Range { asked: size, size }));
        assert_eq!(verify_inclusion(&[], size, size, root, root), Err(ProofError::Range { asked: size, size }));
    }
}

#[test]
fn every_two_trees_of_one_log_are_consistent_and_no_others() {
    let kept = numbered(SIZES);
    let root = |size: u64| &kept.roots[usize::try_from(size).unwrap()];
    for later in 1..=SIZES {
        for earlier in 1..=later {
            let proof = prove_consistency(&kept, earlier, later).unwrap();
            assert_eq!(verify_consistency(&proof, earlier, later, root(earlier), root(later)), Ok(()));
            let forged = leaf_hash(b"forged");
            assert!(verify_consistency(&proof, earlier, later, &forged, root(later)).is_err());
            assert!(verify_consistency(&proof, earlier, later, root(earlier), &forged).is_err());
            if earlier < later {
                spoiled(&proof, |proof| verify_consistency(proof, earlier, later, root(earlier), root(later)));
            }
        }
        assert_eq!(verify_consistency(&[], 0, later, root(0), root(later)), Err(ProofError::Empty));
        assert!(matches!(prove_consistency(&kept, 0, later), Err(Missing::Range { .. })));
        assert!(matches!(
            verify_consistency(&[], later + 1, later, root(0), root(later)),
            Err(ProofError::Range { .. })
        ));
    }
    assert_eq!(verify_consistency(&[], 3, 3, root(3), root(4)), Err(ProofError::Forked));
}

/// A proof with a hash changed, left out, doubled or added holds no longer.
fn spoiled(proof: &[Hash], verify: impl Fn(&[Hash]) -> Result<(), ProofError>) {
    for at in 0..proof.len() {
        let mut other = proof.to_vec();
        other[at].0[at % 32] ^= 1;
        assert!(verify(&other).is_err(), "hash {at} changed");
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        assert!(verify(&shorter).is_err(), "hash {at} left out");
        let mut longer = proof.to_vec();
        longer.insert(at, proof[at]);
        assert!(verify(&longer).is_err(), "hash {at} doubled");
    }
    let mut longer = proof.to_vec();
    longer.push(Hash([0; 32]));
    assert!(verify(&longer).is_err(), "one more");
}

#[test]
fn a_proof_past_its_bound_is_not_looked_at() {
    let hash = leaf_hash(b"");
    let long = vec![hash; PROOF_HASHES_MAX + 1];
    let length = ProofError::Length { found: PROOF_HASHES_MAX + 1 };
    assert_eq!(verify_inclusion(&long, u64::MAX - 1, u64::MAX, &hash, &hash), Err(length));
    assert_eq!(verify_consistency(&long, 3, u64::MAX, &hash, &hash), Err(length));
    let at_the_bound = &long[..PROOF_HASHES_MAX];
    assert_eq!(verify_inclusion(at_the_bound, 0, u64::MAX, &hash, &hash), Err(ProofError::Root));
}

#[test]
fn a_missing_node_is_named() {
    let mut kept = numbered(8);
    kept.nodes.remove(&(1, 2));
    assert_eq!(prove_inclusion(&kept, 6, 8), Err(Missing::Node { level: 1, index: 2 }));
}

proptest! {
    #[test]
    fn larger_trees_prove_alike(size in 1_u64..3_000, part in any::<prop::sample::Index>(), place in any::<prop::sample::Index>()) {
        let kept = numbered(size);
        let earlier = u64::try_from(part.index(usize::try_from(size).unwrap())).unwrap() + 1;
        let index = place.index(usize::try_from(size).unwrap());
        let root = kept.roots[usize::try_from(size).unwrap()];
        let proof = prove_consistency(&kept, earlier, size).unwrap();
        prop_assert_eq!(verify_consistency(&proof, earlier, size, &kept.roots[usize::try_from(earlier).unwrap()], &root), Ok(()));
        let proof = prove_inclusion(&kept, index as u64, size).unwrap();
        prop_assert_eq!(verify_inclusion(&proof, index as u64, size, &kept.leaves[index], &root), Ok(()));
    }
}
