//! The engine: two pure functions that move a request.
//!
//! [`needs`] says which facts an event may depend on; the caller reads them in its transaction; [`step`] decides.
//! The event row stores event, facts and time, so replaying the events gives the state without asking anybody.
//!
//! What must stay true: never an automatic yes; a quorum is never lowered; nobody who is excluded decides; a
//! decision names the hash of the revision it saw; every open request has an open task, or is stuck and says why.
//! The state holds ids, hashes and stage keys only, so it does not grow with the content of the form.

mod event;
mod facts;
mod needs;
mod resolve;
mod state;
mod step;
mod tally;
mod view;

use tenancy::{RequestId, TaskId};
use uuid::Uuid;

use crate::revision::sha256;

pub use event::{CloseHow, Effect, Event, Notice, Reason, Recipient, Refusal, Verdict};
pub use facts::{Asked, FactQuery, Facts};
pub use needs::needs;
pub use resolve::route;
pub use state::{Approved, Outcome, Passed, Phase, RevisionMark, Seat, SeatState, State, StuckReason, TaskKey};
pub use step::step;
pub use view::{
    DryStage, RailSeat, RailStage, RailStatus, StateWord, Tone, dry_run, dry_run_needs, rail, rail_ahead, state_word,
};

/// Most people asked at one stage.
pub const SEATS_MAX: usize = 100;
/// Most times a request may start again: edits and answers.
pub const RESTARTS_MAX: u16 = 50;

/// The id of a task, derived from its request and its place: the same on every replay.
///
/// The first 16 bytes of `SHA-256("countersign/task/v1\0" || request id || round || seat)`, marked as a UUID of
/// version 8 (RFC 9562). It cannot be guessed without the request's id, and guessing it gives no right.
#[must_use]
pub fn task_id(request: RequestId, task: TaskKey) -> TaskId {
    let hash =
        sha256(&[b"countersign/task/v1\0", &request.bytes(), &task.round.to_be_bytes(), &task.seat.to_be_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    TaskId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The key under which one effect of one event happens once: `SHA-256("countersign/effect/v1\0" || request id ||
/// event number || effect index)`.
#[must_use]
pub fn effect_key(request: RequestId, event_number: u32, effect_index: u32) -> [u8; 32] {
    sha256(&[b"countersign/effect/v1\0", &request.bytes(), &event_number.to_be_bytes(), &effect_index.to_be_bytes()])
}

/// A UUID of a seat's task belongs to the current round of the state: its place, if so.
#[must_use]
pub fn find_task(state: &State, request: RequestId, task: TaskId) -> Option<TaskKey> {
    let wanted: Uuid = task.uuid();
    (0..state.seats.len())
        .filter_map(|seat| u16::try_from(seat).ok())
        .map(|seat| TaskKey { round: state.round, seat })
        .find(|key| task_id(request, *key).uuid() == wanted)
}
