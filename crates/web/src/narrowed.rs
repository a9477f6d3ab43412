//! What the audit list is narrowed by, as people and programs write it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use tenancy::policy::ACTIONS;

/// Longest text that is read as a time.
const TIME_CHARS_MAX: usize = 64;

/// An instant: RFC 3339 with its offset; without one a day or a minute of UTC, as a browser's field writes it.
pub(crate) fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > TIME_CHARS_MAX {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let has_offset = text.contains(['Z', 'z', '[', '+']);
    let civil = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())));
    let at = civil.filter(|_| !has_offset)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(at)
}

/// The code of an act that leaves a record.
pub(crate) fn action_of(text: &str) -> Option<&'static str> {
    ACTIONS.iter().map(|row| row.code).find(|code| *code == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, at) in [
            ("2026-11-27T16:30:00Z", "2026-11-27T16:30:00Z"),
            ("2026-11-27T17:30:00+01:00", "2026-11-27T16:30:00Z"),
            (" 2026-11-27T16:30 ", "2026-11-27T16:30:00Z"),
            ("2026-11-27T16:30:01.000002", "2026-11-27T16:30:01.000002Z"),
            ("2026-11-27", "2026-11-27T00:00:00Z"),
        ] {
            assert_eq!(time_of(text), Some(at.parse().unwrap()), "{text}");
        }
        for text in
            ["", "yesterday", "2026-13-01", "27.11.2026", "2026-11-27T25:00", "2026-11-27T16:30+", &"2".repeat(65)]
        {
            assert_eq!(time_of(text), None, "{text}");
        }
    }

    #[test]
    fn only_acts_are_acts() {
        assert_eq!(action_of("request.submit"), Some("request.submit"));
        assert_eq!(action_of("request"), None);
    }
}
