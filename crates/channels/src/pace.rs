//! How fast effects leave: the generic cell rate algorithm (ITU-T I.371), which needs one instant and no clock of its own.
//!
//! Relays count letters a second and punish a flood, and a flood here is paid for by the people who are working: after a
//! burst of a second's worth, effects leave evenly and the rest stays in the outbox, where it is as safe as it was.

use std::time::Duration;

use tokio::time::Instant;

/// Effects a second when nobody says otherwise.
pub const PER_SECOND_DEFAULT: u32 = 20;

/// Lets so many through in a second.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    /// When the next would be due if all came evenly.
    theoretical: Option<Instant>,
}

impl Pace {
    pub(crate) fn per_second(count: u32) -> Self {
        Self { every: Duration::from_secs(1) / count.max(1), theoretical: None }
    }

    /// How long the next one has to wait; zero when it may go.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let ahead = self.theoretical.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        (ahead + self.every).saturating_sub(Duration::from_secs(1))
    }

    /// One goes.
    pub(crate) fn spend(&mut self, now: Instant) {
        let from = self.theoretical.map_or(now, |at| at.max(now));
        self.theoretical = Some(from + self.every);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_goes_at_once_and_then_one_at_a_time() {
        let begin = Instant::now();
        let mut pace = Pace::per_second(4);
        for _ in 0..4 {
            assert_eq!(pace.wait(begin), Duration::ZERO);
            pace.spend(begin);
        }
        assert_eq!(pace.wait(begin), Duration::from_millis(250), "one more than the burst");
        let later = begin + Duration::from_millis(250);
        assert_eq!(pace.wait(later), Duration::ZERO);
        pace.spend(later);
        assert_eq!(pace.wait(later), Duration::from_millis(250));
        assert_eq!(pace.wait(begin + Duration::from_secs(60)), Duration::ZERO);
    }

    #[test]
    fn one_a_second_is_the_slowest() {
        let begin = Instant::now();
        let mut pace = Pace::per_second(0);
        pace.spend(begin);
        assert_eq!(pace.wait(begin), Duration::from_secs(1));
    }
}
