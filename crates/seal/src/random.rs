//! Randomness: straight from the operating system for keys, from a small pool for nonces.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use zeroize::{Zeroize, Zeroizing};

/// Size of a thread's nonce pool. Never larger: what lies in it would repeat if the memory of a
/// running node were restored from a snapshot, so live nodes must not be resumed from one.
const POOL_BYTES: usize = 4096;
/// A pool older than this is thrown away.
const POOL_AGE: Duration = Duration::from_secs(1);

/// Draws `N` bytes from the operating system's random source.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    fill(&mut out);
    out
}

/// Fills a buffer from the operating system's random source.
pub(crate) fn fill(out: &mut [u8]) {
    aws_lc_rs::rand::fill(out).expect("the operating system's random source answers");
}

/// Draws a nonce from this thread's pool.
pub(crate) fn nonce<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    let now = Instant::now();
    let process_id = std::process::id();
    POOL.try_with(|pool| pool.borrow_mut().take(now, process_id)).unwrap_or_else(|_| random())
}

struct Pool {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
    process_id: u32,
    filled_at: Option<Instant>,
}

impl Pool {
    fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), used: POOL_BYTES, process_id: 0, filled_at: None }
    }

    fn take<const N: usize>(&mut self, now: Instant, process_id: u32) -> [u8; N] {
        let fresh = self.process_id == process_id
            && self.filled_at.is_some_and(|at| now.saturating_duration_since(at) <= POOL_AGE);
        if !fresh || POOL_BYTES - self.used < N {
            self.refill(now, process_id);
        }
        let taken = &mut self.bytes[self.used..self.used + N];
        let mut out = [0; N];
        out.copy_from_slice(taken);
        taken.zeroize();
        self.used += N;
        out
    }

    fn refill(&mut self, now: Instant, process_id: u32) {
        self.bytes.resize(POOL_BYTES, 0);
        fill(&mut self.bytes);
        self.used = 0;
        self.process_id = process_id;
        self.filled_at = Some(now);
    }
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::new(Pool::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_wipes_what_it_gave_and_never_repeats() {
        let mut pool = Pool::new();
        let now = Instant::now();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2000 {
            assert!(seen.insert(pool.take::<24>(now, 7)));
            assert!(pool.bytes[..pool.used].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn pool_is_dropped_on_age_and_on_another_process() {
        let mut pool = Pool::new();
        let start = Instant::now();
        let _first: [u8; 24] = pool.take(start, 7);
        let _second: [u8; 24] = pool.take(start + POOL_AGE, 7);
        assert_eq!(pool.used, 48, "at the bound the pool is still good");
        let _third: [u8; 24] = pool.take(start + POOL_AGE + Duration::from_nanos(1), 7);
        assert_eq!(pool.used, 24, "one past it is refilled");
        let rest = pool.bytes[24..].to_vec();
        let _fourth: [u8; 24] = pool.take(start + POOL_AGE, 8);
        assert_eq!(pool.used, 24, "a child process starts anew");
        assert_ne!(rest, pool.bytes[24..].to_vec());
    }
}
