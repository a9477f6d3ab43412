//! Records as syslog messages (RFC 5424). What a search asks for stands as structured data; the message is the record's
//! line of an export, in ASCII, so that whoever keeps only syslog can still prove it.
//!
//! The data are named under 32473, the number that RFC 5612 keeps for examples: we have none of our own.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::batch::{About, Item};

/// Facility 13 (log audit), severity 6 (informational).
const INFORMATIONAL: u8 = 13 * 8 + 6;
/// Facility 13, severity 5 (notice): what was refused.
const NOTICE: u8 = 13 * 8 + 5;

/// A record's message.
pub(super) fn message(item: &Item, about: &About<'_>) -> String {
    let entry = &item.entry;
    let priority = if entry.action.ends_with("_refused") { NOTICE } else { INFORMATIONAL };
    let mut data = Data::of("record");
    data.param("index", &item.index.to_string());
    data.param("rec", &entry.rec);
    data.param("action", &entry.action);
    data.param("origin", about.origin);
    data.param("workspace", &about.workspace.to_string());
    if let Some(actor) = item.value("actor") {
        data.param("actor", actor["id"].as_str().or(actor["kind"].as_str()).unwrap_or_default());
    }
    for name in ["target", "ip"] {
        if let Some(value) = item.value(name) {
            data.param(name, value.as_str().unwrap_or_default());
        }
    }
    head(priority, entry.at_us, about, &entry.action) + &data.end() + " " + &ascii(&item.line)
}

/// The message before those of a batch.
pub(super) fn batch(envelope: &Value, at_us: i64, about: &About<'_>) -> String {
    let mut data = Data::of("batch");
    for name in ["key", "origin", "first", "last", "expected", "size"] {
        let text = envelope[name].as_str().map_or_else(|| envelope[name].to_string(), str::to_owned);
        data.param(name, &text);
    }
    head(INFORMATIONAL, at_us, about, "batch") + &data.end() + " " + &ascii(&envelope.to_string())
}

/// A test's message.
pub(super) fn test(what: &Value, at_us: i64, about: &About<'_>) -> String {
    let mut data = Data::of("test");
    data.param("origin", about.origin);
    head(INFORMATIONAL, at_us, about, "test") + &data.end() + " " + &ascii(&what.to_string())
}

fn head(priority: u8, at_us: i64, about: &About<'_>, id: &str) -> String {
    let at = Timestamp::from_microsecond(at_us).unwrap_or_default().to_zoned(TimeZone::UTC);
    let at = at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
    // 255 characters of printable ASCII and 32 are the bounds of the format; a log's host and an act's code are shorter.
    let plain = |text: &str, most: usize| text.chars().filter(char::is_ascii_graphic).take(most).collect::<String>();
    let (host, id) = (plain(about.host(), 255), plain(id, 32));
    let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    format!("<{priority}>1 {at} {} countersign - {} ", dash(host), dash(id))
}

/// An element of structured data.
struct Data(String);

impl Data {
    fn of(name: &str) -> Self {
        Self(format!("[{name}@32473"))
    }

    fn param(&mut self, name: &str, value: &str) {
        let mut text = String::with_capacity(value.len());
        for c in value.chars().filter(|c| !c.is_control()) {
            if matches!(c, '"' | '\\' | ']') {
                text.push('\\');
            }
            text.push(c);
        }
        // Writing to a text does not fail.
        write!(self.0, " {name}=\"{text}\"").unwrap_or_default();
    }

    fn end(self) -> String {
        self.0 + "]"
    }
}

/// JSON with every other character escaped; they stand in its texts only.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(text, "\\u{unit:04x}").unwrap_or_default();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_messages_are_escaped() {
        let mut data = Data::of("x");
        data.param("a", "q\"b\\s]\n\u{e9}");
        assert_eq!(data.end(), "[x@32473 a=\"q\\\"b\\\\s\\]\u{e9}\"]");
        let text = ascii("{\"a\":\"\u{e9}\u{1f600}\"}");
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["a"], "\u{e9}\u{1f600}");
    }

    #[test]
    fn a_head_keeps_to_the_bounds_of_the_format() {
        let about = About { origin: "", workspace: tenancy::WorkspaceId::random() };
        let long = "a".repeat(33);
        assert_eq!(
            head(INFORMATIONAL, 1_790_000_000_046_666, &about, &long),
            format!("<110>1 2026-09-21T14:13:20.046666Z - countersign - {} ", &long[..32])
        );
    }
}
