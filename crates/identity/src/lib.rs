//! People, groups, passwords, sessions, one-time links and API tokens.
//!
//! What must stay true:
//! - Secrets are shown once and stored as SHA-256; a password's verifier is sealed as well.
//! - Every credential carries its person's credential epoch: raising it ends them all.
//! - Making a credential locks its person's row, ending a person locks it too: one of them comes first.
//! - Nobody gives more than they hold, and the last owner stays.
//! - Time is the database's.
//!
//! Plain functions beside their SQL; each takes a [`tenancy::Scope`] and, where something changes, a permit.
#![forbid(unsafe_code)]

pub mod directory;
mod email;
pub mod erasing;
mod error;
pub mod groups;
mod hashing;
pub mod idempotency;
pub mod links;
pub mod passwords;
pub mod people;
pub mod roles;
mod secret;
pub mod sessions;
pub mod sign_in;
pub mod statements;
pub mod strength;
pub mod throttle;
pub mod tokens;
pub mod workspaces;

pub use email::Email;
pub use error::Error;
