//! The frontier: what must be kept of a tree to append to it.

use crate::hash::{HASH_BYTES, Hash, empty_root, node_hash};

/// The roots of the complete subtrees that a tree consists of, largest first; one for each one-bit of its size.
///
/// Appending costs on average one hash beside the leaf's, and the frontier of 2^63 leaves has 63 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// Why bytes are no frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The bytes do not hold one hash for each one-bit of the size.
    #[error("a frontier of {size} leaves has {expected} bytes, not {found}")]
    Length {
        /// Leaves.
        size: u64,
        /// Bytes that a frontier of that size has.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The frontier of a tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash and reports every node that is complete by it, the leaf first: `(level, index, hash)`.
    ///
    /// # Panics
    /// At `u64::MAX` leaves, which no machine appends.
    pub fn append(&mut self, leaf: Hash, mut complete: impl FnMut(u8, u64, Hash)) {
        let (mut hash, mut index) = (leaf, self.size);
        complete(0, index, hash);
        let mut level = 0_u8;
        while index & 1 == 1 {
            let left = self.roots.pop().expect("a one-bit of the size has its root");
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
            complete(level, index, hash);
        }
        self.roots.push(hash);
        self.size = self.size.checked_add(1).expect("no tree has 2^64 leaves");
    }

    /// The hashes, largest subtree first.
    pub(crate) fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The root (RFC 6962, section 2.1): the complete subtrees joined from the right.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return empty_root() };
        roots.fold(*last, |right, left| node_hash(left, &right))
    }

    /// The hashes, one after the other, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|hash| hash.0).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote of a tree of so many leaves.
    ///
    /// # Errors
    /// [`FrontierError::Length`].
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, FrontierError> {
        let expected = size.count_ones() as usize * HASH_BYTES;
        if bytes.len() != expected {
            return Err(FrontierError::Length { size, expected, found: bytes.len() });
        }
        let roots = bytes.as_chunks::<HASH_BYTES>().0.iter().map(|hash| Hash(*hash)).collect();
        Ok(Self { size, roots })
    }
}
