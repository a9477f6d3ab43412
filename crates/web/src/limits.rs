//! Bounds on requests that the configuration sets, and who holds what of them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::crowd::{Crowd, Place};
use crate::problem::Problem;

/// One address works on at most this part of all requests at a time: a client that is slow on purpose leaves room.
const SHARE_OF_ONE: usize = 4;

/// What bounds a request, one value for all listeners.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body, in bytes.
    pub(crate) body_max_bytes: usize,
    /// Longest that an answer may take, its request's body included.
    pub(crate) time_max: Duration,
    in_flight: Arc<Semaphore>,
    of_one: Crowd,
}

/// The right to be worked on, until it is dropped.
#[derive(Debug)]
pub struct InFlight {
    _one: OwnedSemaphorePermit,
    _place: Place,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowded {
    /// The address has its share.
    Share,
    /// All is taken.
    All,
}

impl Crowded {
    /// The status that says so.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Share => StatusCode::TOO_MANY_REQUESTS,
            Self::All => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The sentence that says so.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Share => "Too many requests of this address are being answered; try again shortly.",
            Self::All => "Too many requests are being answered; try again shortly.",
        }
    }
}

impl From<Crowded> for Problem {
    fn from(crowded: Crowded) -> Self {
        let code = match crowded {
            Crowded::Share => "too-many-at-once",
            Crowded::All => "too-busy",
        };
        let mut problem = Self::new(crowded.status(), code, crowded.sentence());
        problem.retry_after_s = Some(1);
        problem
    }
}

impl Limits {
    /// Bounds: bytes of a body, requests worked on at a time, time of an answer.
    #[must_use]
    pub fn new(body_max_bytes: usize, in_flight_max: usize, time_max: Duration) -> Self {
        Self {
            body_max_bytes,
            time_max,
            in_flight: Arc::new(Semaphore::new(in_flight_max)),
            of_one: Crowd::of_at_most(in_flight_max.div_ceil(SHARE_OF_ONE)),
        }
    }

    /// Lets a request of an address in.
    ///
    /// # Errors
    /// [`Crowded`].
    pub fn enter(&self, address: IpAddr) -> Result<InFlight, Crowded> {
        let place = self.of_one.enter(address).ok_or(Crowded::Share)?;
        let one = Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| Crowded::All)?;
        Ok(InFlight { _one: one, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_one_address_are_bounded() {
        let limits = Limits::new(1024, 8, Duration::from_secs(1));
        let of = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut held: Vec<InFlight> = (0..2).map(|_| limits.enter(of(1)).unwrap()).collect();
        assert_eq!(limits.enter(of(1)).unwrap_err(), Crowded::Share, "a quarter is one's share");
        held.extend((2..=4).flat_map(|last| [limits.enter(of(last)).unwrap(), limits.enter(of(last)).unwrap()]));
        let refused = Problem::from(limits.enter(of(5)).unwrap_err());
        assert_eq!((refused.status, refused.retry_after_s), (StatusCode::SERVICE_UNAVAILABLE, Some(1)));
        held.pop();
        assert!(limits.enter(of(5)).is_ok(), "what ended makes room");
        assert!(Limits::new(1024, 1, Duration::from_secs(1)).enter(of(1)).is_ok(), "a share is at least one");
    }
}
