//! The ledger: a log over the audit trail that nobody can quietly change, cut or roll back.
//!
//! The integrator gives each record its leaf in the tree of its workspace and signs how that tree stands; the
//! deployment's log holds those checkpoints, so that a workspace whose history was forked sees it (decision 0013). What
//! is hashed are commitments; the values lie sealed beside them. Everything is recomputed when it is verified.
#![forbid(unsafe_code)]

pub mod anchors;
pub mod consistency;
pub mod cosigning;
mod doubt;
mod earlier;
pub mod ended;
pub mod ender;
pub mod entry;
mod epoch;
mod erased;
mod eraser;
pub mod export;
mod folder;
mod growing;
pub mod held;
mod integrator;
pub mod live;
mod looking;
mod mark;
mod marking;
pub mod origin;
pub mod page;
pub mod proof;
pub mod published;
pub mod stream;
pub mod succession;
mod successors;
pub mod verify;
pub mod verifying;
pub mod witness;
pub mod witnessed;

pub use anchors::AnchorsSeen;
pub use cosigning::{Cosigning, WitnessAt};
pub use doubt::Doubt;
pub use ender::Ender;
pub use eraser::Eraser;
pub use held::Keeper;
pub use integrator::{Done, Integrator};
pub use mark::Mark;
pub use proof::Proof;
pub use verifying::Verifications;
