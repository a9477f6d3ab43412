//! How times, sums and names are written for people. Pure: nothing here reads a clock.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use requests::engine::{self, State};
use rust_decimal::Decimal;

use crate::views::{Pill, Tone, When};

/// An instant: relative under a day, absolute (UTC) beyond.
pub(crate) fn when(now: Timestamp, at: Timestamp) -> When {
    let zoned = at.to_zoned(TimeZone::UTC);
    When::new(at.to_string(), relative(now, at), zoned.strftime("%-d %B %Y, %H:%M:%S UTC").to_string())
}

fn relative(now: Timestamp, at: Timestamp) -> String {
    let past = now.duration_since(at);
    let minutes = past.abs().as_mins();
    let text = match minutes {
        0 if past >= SignedDuration::ZERO => return "just now".to_owned(),
        0 => return "in less than a minute".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        _ => return at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M").to_string(),
    };
    if past >= SignedDuration::ZERO { format!("{text} ago") } else { format!("in {text}") }
}

/// An instant up to which something counts, always absolute: `22 November 2026, 12:20 UTC`.
pub(super) fn until(at: Timestamp) -> When {
    let zoned = at.to_zoned(TimeZone::UTC);
    let text = zoned.strftime("%-d %B %Y, %H:%M UTC").to_string();
    When::new(at.to_string(), text, zoned.strftime("%-d %B %Y, %H:%M:%S UTC").to_string())
}

/// A day of an instant: `3 November 2026` (UTC).
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string()
}

/// A sum with commas between the thousands: `5,000.00 EUR`.
pub(super) fn money(amount: &Decimal, currency: &str) -> String {
    format!("{} {currency}", grouped(&amount.to_string()))
}

/// Puts a comma between the thousands of a plain decimal number.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// The first letters of the first and the last word of a name.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let letter = |word: &str| word.chars().next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let first = words.next().map(letter).unwrap_or_default();
    let last = words.next_back().map(letter).unwrap_or_default();
    format!("{first}{last}")
}

/// A word with its first letter as a capital.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Names as a sentence lists them; more than four are counted.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= 4 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
}

/// The first 16 digits of a hash in groups of four.
pub(super) fn short_hash(hash: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(hash.get(..8).unwrap_or(hash));
    let groups: Vec<String> = hex.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    groups.join(" ")
}

/// The state of a request as a pill.
pub(super) fn state_pill(state: &State) -> Pill {
    let word = engine::state_word(state);
    let tone = match word.tone {
        engine::Tone::Ok => Tone::Ok,
        engine::Tone::Wait => Tone::Wait,
        engine::Tone::No => Tone::No,
        engine::Tone::Idle => Tone::Idle,
    };
    Pill::new(tone, capital(word.word)).with_sign(word.sign)
}

/// A number of things: `1 person`, `3 people`.
pub(super) fn count(number: i64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(&number.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_under_a_day_and_absolute_beyond() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let text = |at: &str| when(now, at.parse().unwrap()).text;
        assert_eq!(text("2026-11-22T11:59:30Z"), "just now");
        assert_eq!(text("2026-11-22T11:59:00Z"), "1 min ago");
        assert_eq!(text("2026-11-22T11:00:01Z"), "59 min ago");
        assert_eq!(text("2026-11-22T11:00:00Z"), "1 h ago");
        assert_eq!(text("2026-11-21T12:00:01Z"), "23 h ago");
        assert_eq!(text("2026-11-21T12:00:00Z"), "21 November 2026, 12:00");
        assert_eq!(text("2026-11-22T12:20:00Z"), "in 20 min");
        assert_eq!(until("2026-11-22T12:20:30Z".parse().unwrap()).text, "22 November 2026, 12:20 UTC");
        assert_eq!(text("2026-11-22T12:00:30Z"), "in less than a minute");
        assert_eq!(text("2026-11-29T12:00:00Z"), "29 November 2026, 12:00");
        assert_eq!(when(now, "2026-11-03T09:05:07Z".parse().unwrap()).title, "3 November 2026, 09:05:07 UTC");
    }

    #[test]
    fn sums_have_commas_between_thousands() {
        let text = |amount: &str| money(&amount.parse().unwrap(), "EUR");
        assert_eq!(text("5000.00"), "5,000.00 EUR");
        assert_eq!(text("999.99"), "999.99 EUR");
        assert_eq!(text("-1234567.5"), "-1,234,567.5 EUR");
        assert_eq!(text("100000"), "100,000 EUR");
        assert_eq!(text("0"), "0 EUR");
    }

    #[test]
    fn names_are_listed_and_shortened() {
        let names = |count: usize| (1..=count).map(|n| format!("P{n}")).collect::<Vec<_>>();
        assert_eq!(listed(&names(0)), "");
        assert_eq!(listed(&names(2)), "P1 and P2");
        assert_eq!(listed(&names(4)), "P1, P2, P3 and P4");
        assert_eq!(listed(&names(5)), "P1, P2, P3 and 2 more");
        assert_eq!(initials("ana maria ruiz"), "AR");
        assert_eq!(initials("Ana"), "A");
        assert_eq!(initials(""), "");
        assert_eq!(short_hash(&[0x9f, 0x2c, 0x41, 0xd7, 0xe0, 0xaa, 0x83, 0xb1, 1]), "9f2c 41d7 e0aa 83b1");
        assert_eq!(count(1, "person", "people"), "1 person");
        assert_eq!(count(1200, "person", "people"), "1,200 people");
    }
}
