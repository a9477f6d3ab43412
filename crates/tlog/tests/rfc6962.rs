//! What the test vectors of other logs change in a good proof (the rules are those of transparency-dev/merkle), made
//! from trees of our own. Every change must be refused, by our verifier and by that of `tlog_tiles`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::{HashMap, HashSet};

use tlog::{
    Frontier, Hash, Nodes, ProofError, leaf_hash, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};

/// The nodes and roots of eight leaves.
struct Tree {
    nodes: HashMap<(u8, u64), Hash>,
    roots: Vec<Hash>,
}

impl Nodes for Tree {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }
}

impl Tree {
    fn new() -> Self {
        let mut frontier = Frontier::new();
        let mut tree = Self { nodes: HashMap::new(), roots: vec![frontier.root()] };
        for leaf in 0..8_u8 {
            frontier.append(leaf_hash(&[leaf]), |level, index, hash| {
                tree.nodes.insert((level, index), hash);
            });
            tree.roots.push(frontier.root());
        }
        tree
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }
}

/// A claim that a leaf is in a tree.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Inclusion {
    index: u64,
    size: u64,
    leaf: Hash,
    root: Hash,
    proof: Vec<Hash>,
}

impl Inclusion {
    fn of(tree: &Tree, index: u64, size: u64) -> Self {
        let proof = prove_inclusion(tree, index, size).unwrap();
        Self { index, size, leaf: tree.node(0, index).unwrap(), root: tree.root(size), proof }
    }

    fn verify(&self) -> Result<(), ProofError> {
        verify_inclusion(&self.proof, self.index, self.size, &self.leaf, &self.root)
    }

    fn others_accept(&self) -> bool {
        let proof = theirs(&self.proof);
        tlog_tiles::check_record(&proof, self.size, one(self.root), self.index, one(self.leaf)).is_ok()
    }

    fn changed(&self) -> Vec<(String, Self)> {
        let mut cases = Vec::new();
        let mut case = |name: String, change: &dyn Fn(&mut Self)| {
            let mut other = self.clone();
            change(&mut other);
            cases.push((name, other));
        };
        case("index - 1".to_owned(), &|case| case.index = case.index.wrapping_sub(1));
        case("index + 1".to_owned(), &|case| case.index += 1);
        case("index xor 2".to_owned(), &|case| case.index ^= 2);
        case("index of the size".to_owned(), &|case| case.index = case.size);
        case("size doubled".to_owned(), &|case| case.size *= 2);
        case("size halved".to_owned(), &|case| case.size /= 2);
        for (name, hash) in odd() {
            case(format!("leaf {name}"), &|case| case.leaf = hash);
            case(format!("root {name}"), &|case| case.root = hash);
        }
        let added = odd().into_iter().chain([("root", self.root), ("leaf", self.leaf)]);
        let added: Vec<(&str, Hash)> = added.collect();
        for (name, proof) in proofs(&self.proof, &added) {
            case(name, &|case| case.proof.clone_from(&proof));
        }
        cases
    }
}

/// A claim that a tree begins with another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Consistency {
    earlier: u64,
    later: u64,
    earlier_root: Hash,
    later_root: Hash,
    proof: Vec<Hash>,
}

impl Consistency {
    fn of(tree: &Tree, earlier: u64, later: u64) -> Self {
        let proof = prove_consistency(tree, earlier, later).unwrap();
        Self { earlier, later, earlier_root: tree.root(earlier), later_root: tree.root(later), proof }
    }

    fn verify(&self) -> Result<(), ProofError> {
        verify_consistency(&self.proof, self.earlier, self.later, &self.earlier_root, &self.later_root)
    }

    fn others_accept(&self) -> bool {
        let (earlier, later) = (one(self.earlier_root), one(self.later_root));
        tlog_tiles::check_tree(&theirs(&self.proof), self.later, later, self.earlier, earlier).is_ok()
    }

    fn changed(&self) -> Vec<(String, Self)> {
        let mut cases = Vec::new();
        let mut case = |name: String, change: &dyn Fn(&mut Self)| {
            let mut other = self.clone();
            change(&mut other);
            cases.push((name, other));
        };
        case("earlier - 1".to_owned(), &|case| case.earlier -= 1);
        case("earlier + 1".to_owned(), &|case| case.earlier += 1);
        case("earlier xor 2".to_owned(), &|case| case.earlier ^= 2);
        case("earlier of none".to_owned(), &|case| case.earlier = 0);
        case("later doubled".to_owned(), &|case| case.later *= 2);
        case("later halved".to_owned(), &|case| case.later /= 2);
        case("sizes swapped".to_owned(), &|case| std::mem::swap(&mut case.earlier, &mut case.later));
        case("roots swapped".to_owned(), &|case| std::mem::swap(&mut case.earlier_root, &mut case.later_root));
        for (name, hash) in odd() {
            case(format!("earlier root {name}"), &|case| case.earlier_root = hash);
            case(format!("later root {name}"), &|case| case.later_root = hash);
        }
        let roots = [("earlier root", self.earlier_root), ("later root", self.later_root)];
        let first = self.proof.first().map(|first| ("its first hash", *first));
        let added: Vec<(&str, Hash)> = odd().into_iter().chain(roots).chain(first).collect();
        for (name, proof) in proofs(&self.proof, &added) {
            case(name, &|case| case.proof.clone_from(&proof));
        }
        cases
    }
}

/// Hashes that are nowhere in the trees.
fn odd() -> [(&'static str, Hash); 3] {
    [("empty", Frontier::new().root()), ("random", leaf_hash(b"nowhere")), ("zero", Hash([0; 32]))]
}

/// A proof cut, lengthened and spoiled.
fn proofs(proof: &[Hash], added: &[(&str, Hash)]) -> Vec<(String, Vec<Hash>)> {
    let mut others = vec![("no hashes".to_owned(), Vec::new())];
    for (name, hash) in added {
        others.push((format!("{name} before"), [&[*hash], proof].concat()));
        others.push((format!("{name} behind"), [proof, &[*hash]].concat()));
    }
    for at in 0..proof.len() {
        others.push((format!("cut to {at}"), proof[..at].to_vec()));
        others.push((format!("without {at}"), [&proof[..at], &proof[at + 1..]].concat()));
        for (name, hash) in added {
            others.push((format!("{name} inserted at {at}"), [&proof[..at], &[*hash], &proof[at..]].concat()));
        }
        for bit in [0, 7, 128, 255] {
            let mut other = proof.to_vec();
            other[at].0[bit / 8] ^= 1 << (bit % 8);
            others.push((format!("bit {bit} of {at} flipped"), other));
        }
    }
    others
}

fn one(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| one(*hash)).collect()
}

const INCLUSIONS: [(u64, u64); 5] = [(0, 1), (0, 8), (5, 8), (2, 3), (1, 5)];
const CONSISTENCIES: [(u64, u64); 5] = [(1, 1), (1, 8), (6, 8), (2, 5), (6, 7)];

#[test]
fn every_change_to_an_inclusion_is_refused() {
    let tree = Tree::new();
    let mut refused = HashSet::new();
    for (index, size) in INCLUSIONS {
        let good = Inclusion::of(&tree, index, size);
        assert_eq!(good.verify(), Ok(()), "{index} of {size}");
        assert!(good.others_accept(), "{index} of {size}");
        for (name, case) in good.changed().into_iter().filter(|(_, case)| *case != good) {
            assert!(case.verify().is_err(), "{index} of {size}: {name}");
            assert!(!case.others_accept(), "{index} of {size}: {name}, by others");
            refused.insert(case);
        }
    }
    // Places that are in no tree, and the one place of a tree of one.
    for (index, size) in [(0, 0), (1, 0), (2, 1), (0, 1)] {
        for (_, leaf) in odd() {
            for (_, root) in odd().into_iter().filter(|(_, root)| size == 0 || index > 0 || *root != leaf) {
                let case = Inclusion { index, size, leaf, root, proof: Vec::new() };
                assert!(case.verify().is_err(), "{index} of {size}");
                refused.insert(case);
            }
        }
    }
    let leaf = leaf_hash(b"the one");
    assert_eq!(verify_inclusion(&[], 0, 1, &leaf, &leaf), Ok(()), "the one leaf is the root");
    println!("{} inclusions refused", refused.len());
    assert!(refused.len() >= 98, "{}", refused.len());
}

#[test]
fn every_change_to_a_consistency_is_refused() {
    let tree = Tree::new();
    let mut refused = HashSet::new();
    for (earlier, later) in CONSISTENCIES {
        let good = Consistency::of(&tree, earlier, later);
        assert_eq!(good.verify(), Ok(()), "{earlier} to {later}");
        assert!(good.others_accept(), "{earlier} to {later}");
        for (name, case) in good.changed().into_iter().filter(|(_, case)| *case != good) {
            assert!(case.verify().is_err(), "{earlier} to {later}: {name}");
            assert!(!case.others_accept(), "{earlier} to {later}: {name}, by others");
            refused.insert(case);
        }
    }
    // From nothing, between equal sizes, and backwards.
    let (root, random) = (tree.root(1), leaf_hash(b"nowhere"));
    for (earlier, later, earlier_root, later_root, proof) in [
        (0, 0, tree.root(0), tree.root(0), vec![]),
        (0, 0, tree.root(0), tree.root(0), vec![random]),
        (0, 0, random, random, vec![]),
        (0, 1, tree.root(0), root, vec![]),
        (0, 1, tree.root(0), root, vec![root]),
        (0, 1, random, root, vec![random]),
        (0, 8, tree.root(0), tree.root(8), vec![]),
        (1, 1, root, random, vec![]),
        (1, 1, random, root, vec![]),
        (1, 1, root, root, vec![root]),
        (8, 8, tree.root(8), random, vec![]),
        (8, 8, tree.root(8), tree.root(8), vec![random]),
        (1, 0, root, tree.root(0), vec![]),
        (2, 1, tree.root(2), root, vec![]),
        (8, 6, tree.root(8), tree.root(6), prove_consistency(&tree, 6, 8).unwrap()),
    ] {
        let case = Consistency { earlier, later, earlier_root, later_root, proof };
        assert!(case.verify().is_err(), "{earlier} to {later}");
        refused.insert(case);
    }
    assert_eq!(verify_consistency(&[], 1, 1, &root, &root), Ok(()), "what is equal is consistent");
    println!("{} consistencies refused", refused.len());
    assert!(refused.len() >= 98, "{}", refused.len());
}
