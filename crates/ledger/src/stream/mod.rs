//! Streams: the trail of a workspace, sent to its own log store as the log grows.
//!
//! A stream is a cursor on the log, which has no gaps. What leaves is a batch: leaves that a signed checkpoint covers,
//! with proof that they stand where their indexes say, and that the log goes on from the checkpoint of the batch before.
//! Whoever receives it proves without us that nothing is missing (decision 0015). Batches leave at least once; one that
//! is sent again is the same, under the same key.

pub mod address;
mod batch;
mod gather;
mod object_store;
mod ocsf;
mod rfc5424;
mod send;
mod settings;
mod sigv4;
mod streamer;
mod syslog;
mod webhook;

pub use batch::{BATCH_BYTES_MAX, BATCH_LEAVES_MAX, Batch, Item, Payload};
pub use ocsf::VERSION as OCSF_VERSION;
pub use send::{Answered, Outgoing, Refusal, SendError, send_test};
pub use settings::{Draft, Format, Receiver, Settings, SettingsError, Webhook};
pub use streamer::{Pace, Streamer};
