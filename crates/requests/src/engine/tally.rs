//! Counting: whether the people asked have decided.

use super::{SeatState, State, Verdict};
use crate::process::{EndOutcome, RejectPolicy};

/// The outcome of the open round, if it has one.
///
/// A round is approved by `needed` settled approvals, which a departure never lowers. A decision that does not count
/// yet keeps its seat undecided.
pub(super) fn outcome(state: &State, reject: RejectPolicy) -> Option<EndOutcome> {
    let approvals = state.seat_approvals().count();
    let rejections = count(state, |seat| matches!(seat, SeatState::Settled { verdict: Verdict::Reject, .. }));
    let needed = usize::from(state.needed).max(1);
    match reject {
        RejectPolicy::Any if rejections > 0 => Some(EndOutcome::Rejected),
        _ if approvals >= needed => Some(EndOutcome::Approved),
        RejectPolicy::Majority if rejections > 0 => {
            let beaten = rejections * 2 > usize::from(state.counted) || approvals + undecided(state) < needed;
            beaten.then_some(EndOutcome::Rejected)
        }
        _ => None,
    }
}

/// How many approvals the round can still come to.
pub(super) fn reachable(state: &State) -> usize {
    state.seat_approvals().count() + undecided(state)
}

fn undecided(state: &State) -> usize {
    count(state, |seat| matches!(seat, SeatState::Open | SeatState::Given { .. }))
}

fn count(state: &State, which: impl Fn(&SeatState) -> bool) -> usize {
    state.seats.iter().filter(|seat| which(&seat.state)).count()
}
