//! How long a failed effect waits.

use jiff::SignedDuration;

/// Waits after the first, second, ... failed attempt, in seconds; the last one counts for all that follow.
const WAITS_S: [i64; 5] = [60, 5 * 60, 30 * 60, 2 * 3600, 12 * 3600];
/// Jitter lengthens a wait by up to one part in this many.
const JITTER_PART: i64 = 5;

/// The wait after a failed attempt: 1 min, 5 min, 30 min, 2 h, then 12 h, lengthened by up to a fifth.
///
/// `attempts` counts the failed one; `chance` is uniform randomness, so that effects that failed together do not all
/// come back together. The wait is never shorter than its step.
#[must_use]
pub fn back_off(attempts: i32, chance: u16) -> SignedDuration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(WAITS_S.len() - 1);
    let wait_ms = WAITS_S[step] * 1000;
    let jitter_ms = wait_ms / JITTER_PART * i64::from(chance) / i64::from(u16::MAX);
    SignedDuration::from_millis(wait_ms + jitter_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_bounds() {
        for (attempts, seconds) in [(1, 60), (2, 300), (3, 1800), (4, 7200), (5, 43_200), (6, 43_200)] {
            let step = SignedDuration::from_secs(seconds);
            assert_eq!(back_off(attempts, 0), step);
            assert_eq!(back_off(attempts, u16::MAX), step + step / 5);
            let middle = back_off(attempts, u16::MAX / 2);
            assert!(middle > step && middle < step + step / 5, "{middle:?}");
        }
    }

    #[test]
    fn counts_that_cannot_be_still_wait() {
        assert_eq!(back_off(i32::MIN, 0), SignedDuration::from_secs(60));
        assert_eq!(back_off(0, 0), SignedDuration::from_secs(60));
        assert_eq!(back_off(i32::MAX, 0), SignedDuration::from_secs(43_200));
    }
}
