//! Claims: the registry of every sentence the security page may say, and the checks that attack them.
//!
//! What must stay true: nothing is shown as proven that did not pass, through the front door, within its time. The
//! registry is data and [`state`] is pure; probes and their runner bring the runs.
#![forbid(unsafe_code)]

mod ask;
pub mod canary;
mod checks;
mod hello;
mod ledger;
pub mod probe;
pub mod registry;
pub mod runner;
mod sockets;
pub mod state;
pub mod statements;

pub use tenancy::faults;
