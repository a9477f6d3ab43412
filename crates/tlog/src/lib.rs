//! The tree of a transparency log (RFC 6962, section 2.1): hashing, appending, proving and verifying. No I/O.
//!
//! A tree of `n` leaves is an append-only list with one root hash. An inclusion proof shows that a leaf stands at its
//! place, a consistency proof that a later tree begins with an earlier one; both hold about `log2 n` hashes, and whoever
//! has the root checks them without us. Roots travel in signed notes (C2SP signed-note).

#![forbid(unsafe_code)]

mod checkpoint;
mod frontier;
mod hash;
mod note;
mod proof;

pub use checkpoint::{Checkpoint, CheckpointError, EXTENSIONS_MAX};
pub use frontier::{Frontier, FrontierError};
pub use hash::{HASH_BYTES, Hash, leaf_hash, node_hash};
pub use note::{NAME_BYTES_MAX, NOTE_BYTES_MAX, Note, NoteError, SIGNATURES_MAX, Signature, SigningKey, VerifierKey};
pub use proof::{
    Missing, Nodes, PROOF_HASHES_MAX, ProofError, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};

#[cfg(test)]
mod tests;
