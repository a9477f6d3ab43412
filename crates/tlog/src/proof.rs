//! Proofs of inclusion and consistency (RFC 6962, sections 2.1.1 and 2.1.2; verified as in RFC 9162, section 2.1).

use crate::hash::{Hash, node_hash};

/// Most hashes of a proof that is looked at: a tree of 2^63 leaves needs no more in either kind.
pub const PROOF_HASHES_MAX: usize = 64;

/// The complete nodes of a tree, by level from the leaves (0) and index from the left.
pub trait Nodes {
    /// A complete node; nothing when it is not kept.
    fn node(&self, level: u8, index: u64) -> Option<Hash>;
}

/// A node that a proof needs is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The node.
    #[error("node {index} of level {level} is missing")]
    Node {
        /// Its level.
        level: u8,
        /// Its index.
        index: u64,
    },
    /// What is to be proven is not within the tree.
    #[error("{asked} is not within a tree of {size} leaves")]
    Range {
        /// The index or earlier size that was asked for.
        asked: u64,
        /// Leaves of the tree.
        size: u64,
    },
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index or the earlier size is not within the tree.
    #[error("{asked} is not within a tree of {size} leaves")]
    Range {
        /// The index or earlier size.
        asked: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The proof has another number of hashes than its place needs.
    #[error("the proof has {found} hashes, which is not what its place needs")]
    Length {
        /// Hashes in the proof.
        found: usize,
    },
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
    /// Of two trees of one size, the roots differ.
    #[error("two trees of one size have different roots")]
    Forked,
    /// Nothing follows from an empty tree: whoever has seen none accepts the first as such.
    #[error("consistency with an empty tree says nothing")]
    Empty,
}

/// Proves that leaf `index` stands in the tree of `size` leaves: `PATH(index, D[size])`.
///
/// # Errors
/// [`Missing`].
pub fn prove_inclusion(nodes: &impl Nodes, index: u64, size: u64) -> Result<Vec<Hash>, Missing> {
    if index >= size {
        return Err(Missing::Range { asked: index, size });
    }
    path(nodes, index, 0, size)
}

/// Proves that the tree of `later` leaves begins with that of `earlier`: `PROOF(earlier, D[later])`.
///
/// # Errors
/// [`Missing`].
pub fn prove_consistency(nodes: &impl Nodes, earlier: u64, later: u64) -> Result<Vec<Hash>, Missing> {
    if earlier == 0 || earlier > later {
        return Err(Missing::Range { asked: earlier, size: later });
    }
    let (mut begin, mut end, mut is_whole) = (0, later, true);
    let mut proof = Vec::new();
    // SUBPROOF of RFC 6962, from the root down: what is not on the way to the seam goes into the proof.
    while earlier < end {
        let middle = begin + split(end - begin);
        if earlier <= middle {
            proof.push(subtree(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(subtree(nodes, begin, middle)?);
            begin = middle;
            is_whole = false;
        }
    }
    if !is_whole {
        proof.push(subtree(nodes, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks an inclusion proof (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`ProofError`].
pub fn verify_inclusion(proof: &[Hash], index: u64, size: u64, leaf: &Hash, root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range { asked: index, size });
    }
    let length = ProofError::Length { found: proof.len() };
    if proof.len() > PROOF_HASHES_MAX {
        return Err(length);
    }
    let mut climb = Climb { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step().ok_or(length)? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.end(hash == *root, length)
}

/// Checks a consistency proof (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// [`ProofError`]; consistency from no leaves is refused, for it says nothing.
pub fn verify_consistency(
    proof: &[Hash],
    earlier: u64,
    later: u64,
    earlier_root: &Hash,
    later_root: &Hash,
) -> Result<(), ProofError> {
    let length = ProofError::Length { found: proof.len() };
    if earlier == 0 {
        return Err(ProofError::Empty);
    }
    if earlier > later {
        return Err(ProofError::Range { asked: earlier, size: later });
    }
    if earlier == later {
        return match (proof.is_empty(), earlier_root == later_root) {
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Forked),
            (false, _) => Err(length),
        };
    }
    if proof.len() > PROOF_HASHES_MAX {
        return Err(length);
    }
    // A complete earlier tree is a node of the later one and stands in no proof.
    let (first, rest) = match (earlier.is_power_of_two(), proof.split_first()) {
        (true, _) => (*earlier_root, proof),
        (false, Some((first, rest))) => (*first, rest),
        (false, None) => return Err(length),
    };
    let mut climb = Climb { node: earlier - 1, last: later - 1 };
    while climb.node & 1 == 1 {
        climb.up();
    }
    let (mut from_earlier, mut from_later) = (first, first);
    for hash in rest {
        match climb.step().ok_or(length)? {
            Side::Left => {
                from_earlier = node_hash(hash, &from_earlier);
                from_later = node_hash(hash, &from_later);
            }
            Side::Right => from_later = node_hash(&from_later, hash),
        }
    }
    climb.end(from_earlier == *earlier_root && from_later == *later_root, length)
}

/// On which side of the way up a hash of the proof stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root, beside the last node of each level (`fn` and `sn` of RFC 9162).
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Goes up to where the next hash joins; nothing when the root is reached already.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let is_left = self.node & 1 == 1 || self.node == self.last;
        // At the right edge a node without a sibling goes up as it is.
        while is_left && self.node & 1 == 0 && self.node != 0 {
            self.up();
        }
        self.up();
        Some(if is_left { Side::Left } else { Side::Right })
    }

    /// What a proof is worth that ends here.
    const fn end(&self, is_root: bool, length: ProofError) -> Result<(), ProofError> {
        match (self.last, is_root) {
            (0, true) => Ok(()),
            (0, false) => Err(ProofError::Root),
            _ => Err(length),
        }
    }
}

/// The largest power of two below `size`, for at least two leaves.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The siblings on the way from a leaf up to the root of the leaves from `begin` to `end`.
fn path(nodes: &impl Nodes, index: u64, begin: u64, end: u64) -> Result<Vec<Hash>, Missing> {
    let (mut begin, mut end) = (begin, end);
    let mut path = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            path.push(subtree(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(subtree(nodes, begin, middle)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root of the leaves from `begin` to `end`, where `begin` is where a split of a tree put it: so a part of it is a
/// complete node at its place.
fn subtree(nodes: &impl Nodes, begin: u64, end: u64) -> Result<Hash, Missing> {
    let mut parts = Vec::new();
    let mut from = begin;
    while from < end {
        let left = end - from;
        let level = left.ilog2();
        let (level, index) = (u8::try_from(level).expect("below 64"), from >> level);
        parts.push(nodes.node(level, index).ok_or(Missing::Node { level, index })?);
        from += 1 << level;
    }
    let mut parts = parts.into_iter().rev();
    let last = parts.next().ok_or(Missing::Range { asked: begin, size: end })?;
    Ok(parts.fold(last, |right, left| node_hash(&left, &right)))
}
