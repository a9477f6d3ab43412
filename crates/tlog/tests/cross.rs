//! Against `tlog_tiles` and `signed_note`, which others wrote: what ours makes theirs accept, and the reverse. Their
//! reader of tiles is not asked, for it believes some tiles unchecked.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::HashMap;

use proptest::prelude::*;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, VerifierList};
use tlog::{
    Checkpoint, CosignerSigningKey, Edge, Frontier, Hash, Nodes, Note, SigningKey, Tile, VerifierKey, leaf_hash,
    prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};
use tlog_tiles::HashReader;

const ORIGIN: &str = "log.example/ws/1/e1";

/// A tree with all its nodes, for both to read.
struct Tree {
    size: u64,
    nodes: HashMap<(u8, u64), Hash>,
    tiles: HashMap<Tile, Vec<u8>>,
    roots: Vec<Hash>,
}

impl Nodes for Tree {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }
}

impl HashReader for Tree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let read = |index: &u64| {
            let (level, index) = tlog_tiles::split_stored_hash_index(*index);
            tlog_tiles::Hash(self.nodes[&(level, index)].0)
        };
        Ok(indexes.iter().map(read).collect())
    }
}

fn tree(size: u64) -> Tree {
    let (mut frontier, mut edge) = (Frontier::new(), Edge::new());
    let mut tree = Tree { size, nodes: HashMap::new(), tiles: HashMap::new(), roots: vec![frontier.root()] };
    for number in 0..size {
        let leaf = leaf_hash(&number.to_be_bytes());
        assert_eq!(tlog_tiles::record_hash(&number.to_be_bytes()).0, leaf.0);
        frontier.append(leaf, |level, index, hash| {
            tree.nodes.insert((level, index), hash);
        });
        edge.append(leaf, |tile, data| {
            tree.tiles.insert(tile, data.to_vec());
        });
        tree.roots.push(frontier.root());
    }
    tree.tiles.extend(edge.partial().map(|(tile, data)| (tile, data.to_vec())));
    tree
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

/// Proves and checks both ways.
fn crossed(tree: &Tree, index: u64, earlier: u64) {
    let size = tree.size;
    let root = |size: u64| tree.roots[usize::try_from(size).unwrap()];
    let leaf = tree.node(0, index).unwrap();
    let their_root = tlog_tiles::Hash(root(size).0);
    assert_eq!(tlog_tiles::tree_hash(size, tree).unwrap(), their_root);

    let proof = prove_inclusion(tree, index, size).unwrap();
    tlog_tiles::check_record(&theirs(&proof), size, their_root, index, tlog_tiles::Hash(leaf.0)).unwrap();
    let other = tlog_tiles::prove_record(size, index, tree).unwrap();
    assert_eq!(verify_inclusion(&ours(&other), index, size, &leaf, &root(size)), Ok(()));

    let proof = prove_consistency(tree, earlier, size).unwrap();
    let earlier_root = tlog_tiles::Hash(root(earlier).0);
    tlog_tiles::check_tree(&theirs(&proof), size, their_root, earlier, earlier_root).unwrap();
    let other = tlog_tiles::prove_tree(size, earlier, tree).unwrap();
    assert_eq!(verify_consistency(&ours(&other), earlier, size, &root(earlier), &root(size)), Ok(()));
}

#[test]
fn proofs_cross() {
    for size in 1..=40 {
        let tree = tree(size);
        for index in 0..size {
            crossed(&tree, index, index + 1);
        }
    }
}

#[test]
fn tiles_cross() {
    for size in [1, 255, 256, 257, 1_000, 66_000] {
        let tree = tree(size);
        let mut found = 0;
        for other in tlog_tiles::Tile::new_tiles(8, 0, size) {
            let width = u16::try_from(other.width()).unwrap();
            let tile = Tile { level: other.level(), index: other.level_index(), width };
            assert_eq!(other.read_data(&tree).unwrap(), tree.tiles[&tile]);
            found += 1;
        }
        assert_eq!((found, found), (tree.tiles.len(), Tile::all(size).count()));
    }
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

/// The same secret as theirs.
fn their_signer() -> StandardSigner {
    let vkey = signing_key().verifier().to_string();
    let id = vkey.split('+').nth(1).unwrap();
    let secret = data_encoding::BASE64.encode(&[&[1], [7; 32].as_slice()].concat());
    StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{id}+{secret}")).unwrap()
}

#[test]
fn notes_and_checkpoints_cross() {
    let size = 1_000;
    let root = tree(size).roots[1_000];
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
    let text = checkpoint.to_string();
    let witness = CosignerSigningKey::from_seed("witness.example/w1", &[8; 32]).unwrap();
    let note = signing_key().sign(&text).unwrap() + &witness.cosign(&text, 1_790_000_000).unwrap();

    // Ours, read by theirs; the cosignature is unknown to them and stands aside.
    let vkey = signing_key().verifier().to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let read = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let (verified, unverified) = read.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 1));
    let theirs = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ORIGIN, size, root.0));
    assert!(
        signed_note::Note::from_bytes(note.replace("\n1000\n", "\n1001\n").as_bytes()).unwrap().verify(&known).is_err()
    );

    // Theirs, read by ours.
    let text = tlog_tiles::Checkpoint::new(ORIGIN, size, tlog_tiles::Hash(root.0), "").unwrap().to_bytes();
    let mut made = signed_note::Note::new(&text, &[]).unwrap();
    made.add_sigs(&[&their_signer()]).unwrap();
    let made = made.to_bytes();
    let read = Note::parse(&made).unwrap();
    assert_eq!(Checkpoint::open(&read, &[VerifierKey::parse(&vkey).unwrap()]), Ok(checkpoint));
    assert_eq!(their_signer().key_id().to_be_bytes(), read.signatures[0].id);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_of_larger_trees_cross(size in 1_u64..3_000, place in any::<prop::sample::Index>(), part in any::<prop::sample::Index>()) {
        let within = |at: prop::sample::Index| u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        crossed(&tree(size), within(place), within(part) + 1);
    }
}
