//! The tree of a transparency log (RFC 6962, section 2.1): hashing, appending, proving and verifying. No I/O.
//!
//! A tree of `n` leaves is an append-only list with one root hash. An inclusion proof shows that a leaf stands at its
//! place, a consistency proof that a later tree begins with an earlier one; both hold about `log2 n` hashes, and whoever
//! has the root checks them without us. Roots travel in signed notes (C2SP signed-note), which witnesses cosign
//! (tlog-cosignature, tlog-witness); the tree and its entries are kept in tiles and bundles (tlog-tiles), out of which
//! proofs are made (tlog-proof) and the whole log is recomputed. The formats are those of C2SP and none is ours.

#![forbid(unsafe_code)]

mod bundle;
mod checkpoint;
mod cosignature;
mod edge;
mod frontier;
mod hash;
mod key;
mod lines;
mod note;
mod proof;
mod proof_file;
mod tile;
mod verify;
mod witness;

pub use bundle::{BUNDLE_BYTES_MAX, BundleError, ENTRY_BYTES_MAX, decode_bundle, encode_bundle};
pub use checkpoint::{Checkpoint, CheckpointError, EXTENSIONS_MAX, OpenError};
pub use cosignature::{COSIGNATURE_TIME_S_MAX, CosignerSigningKey, CosignerVerifierKey};
pub use edge::{Edge, EdgeError};
pub use frontier::{Frontier, FrontierError};
pub use hash::{HASH_BYTES, Hash, leaf_hash, node_hash};
pub use key::NAME_BYTES_MAX;
pub use lines::decode_base64;
pub use note::{NOTE_BYTES_MAX, Note, NoteError, SIGNATURES_MAX, Signature, SigningKey, VerifierKey};
pub use proof::{
    Missing, Nodes, PROOF_HASHES_MAX, ProofError, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
pub use proof_file::{PROOF_FILE_BYTES_MAX, ProofFile, ProofFileError, Proven};
pub use tile::{
    Bundle, PATH_BYTES_MAX, PathError, Resource, TILE_LEVEL_MAX, TILE_WIDTH, Tile, TileNodes, tiles_of_consistency,
    tiles_of_inclusion,
};
pub use verify::{Difference, verify_log};
pub use witness::{
    AddCheckpoint, Answer, Held, Inconsistent, Malformed, REQUEST_BYTES_MAX, REQUEST_HASHES_MAX, RequestError,
    SIZE_CONTENT_TYPE, decide,
};

#[cfg(test)]
mod tests;
