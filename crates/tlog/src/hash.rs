//! Hashes of leaves and nodes.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// A hash of the tree: SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn of_digest(digest: &Digest) -> Hash {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest.as_ref());
    Hash(hash)
}

/// The hash of a leaf: `SHA-256(00 || entry)` (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(entry);
    of_digest(&context.finish())
}

/// The hash of a node: `SHA-256(01 || left || right)` (RFC 6962, section 2.1). The other prefix keeps a node from passing
/// as a leaf.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // In one piece, which is faster than through a context.
    let mut message = [1; 1 + 2 * HASH_BYTES];
    message[1..=HASH_BYTES].copy_from_slice(&left.0);
    message[1 + HASH_BYTES..].copy_from_slice(&right.0);
    of_digest(&digest(&SHA256, &message))
}

/// The root of a power of two of hashes; nothing of none.
pub(crate) fn complete_root(hashes: &[[u8; HASH_BYTES]]) -> Option<Hash> {
    let mut hashes: Vec<Hash> = hashes.iter().map(|hash| Hash(*hash)).collect();
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied()
}

/// The root of no leaves: `SHA-256()`.
pub(crate) fn empty_root() -> Hash {
    of_digest(&digest(&SHA256, &[]))
}
