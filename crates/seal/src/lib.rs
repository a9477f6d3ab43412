//! Keys, envelopes and sealed values.
//!
//! Customer content is sealed here before it reaches the database, and opened here after it left it.
//! The crate knows no database and no network: it turns bytes into envelopes and back, and keeps the
//! keys for it in a key store of its own (a directory of small wrapped objects).
//!
//! What must stay true:
//! - A value opens only for the workspace, table, column and row it was sealed for: they are
//!   associated data, and only [`columns`] names columns.
//! - Raw keys live in [`Secret`] only, which is wiped on drop and cannot be copied, printed or stored.
//! - Everything that may be wrong with a sealed value is one error, [`Error::DoesNotOpen`].
//! - A key is durable in the store before its first use.
//! - All cryptography is AWS-LC's, except the few lines that join its parts (XAES, padding, framing).
//!
//! Everything is synchronous. Sealing, opening, [`Vault::cached`] and blind indexes do no I/O;
//! [`Vault::workspace`], [`Vault::create_key`] and [`Vault::create_workspace`] read and write files.
#![forbid(unsafe_code)]

mod cache;
mod column;
pub mod columns;
mod crypto;
mod envelope;
mod error;
mod files;
mod keyring;
mod random;
mod record;
mod root;
mod secret;
mod store;
mod vault;
mod workspace;
mod wrap;
mod xaes;

#[cfg(test)]
mod tests;

pub use column::{Column, Content, Purpose, Sealed, Shape};
pub use crypto::{constant_time_eq, hkdf_expand_sha256, hmac_sha256, sha256};
pub use envelope::{ENVELOPE_OVERHEAD_BYTES, MAX_CONTENT_BYTES};
pub use error::Error;
pub use keyring::LocalKeyring;
pub use random::random;
pub use root::{RootCustody, RootKey, RootState, WrapContext};
pub use secret::Secret;
pub use store::{DirStore, KeyPath, KeyStore, MAX_OBJECT_BYTES};
pub use vault::{Clock, Destroyed, DestroyedWorkspace, Gone, SystemClock, Vault, VaultStats};
pub use workspace::WorkspaceKeys;
