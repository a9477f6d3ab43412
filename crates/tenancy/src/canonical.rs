//! Canonical JSON: RFC 8785 over NFC strings and integers only, so that two writers hash the same bytes.
//!
//! Decimals are strings in every document of ours; a float is refused, because its text form is where
//! implementations disagree. The one function of the product for this; hashes of processes, revisions and records
//! all start here.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// Deepest nesting accepted.
pub const DEPTH_MAX: usize = 64;

/// Why a value has no canonical form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CanonicalError {
    /// A number that is not an integer within +-2^53.
    #[error("a number is not an integer between -2^53 and 2^53; write decimals as text")]
    Number,
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    Depth,
    /// Two keys of one object are equal after normalisation.
    #[error("an object has the key {0:?} twice after Unicode normalisation")]
    DuplicateKey(String),
}

/// The canonical text of a value (RFC 8785: sorted keys by UTF-16 code units, no spaces, minimal escapes).
///
/// # Errors
/// [`CanonicalError`] for floats, too deep nesting and keys that collide after NFC.
pub fn to_string(value: &Value) -> Result<String, CanonicalError> {
    let mut out = String::new();
    write_value(&mut out, value, 0)?;
    Ok(out)
}

/// A text in NFC; most are ASCII, which is.
fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

fn write_value(out: &mut String, value: &Value, depth: usize) -> Result<(), CanonicalError> {
    if depth > DEPTH_MAX {
        return Err(CanonicalError::Depth);
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let integer = number.as_i64().ok_or(CanonicalError::Number)?;
            if integer.unsigned_abs() > 1 << 53 {
                return Err(CanonicalError::Number);
            }
            out.push_str(&integer.to_string());
        }
        Value::String(text) => write_text(out, &normal(text)),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item, depth + 1)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(Cow<'_, str>, &Value)> =
                members.iter().map(|(key, item)| (normal(key), item)).collect();
            sorted.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(CanonicalError::DuplicateKey(pair[0].0.clone().into_owned()));
            }
            out.push('{');
            for (index, (key, item)) in sorted.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write_value(out, item, depth + 1)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // What needs no escape is copied in one piece; what needs one is a single byte, so the cuts are between characters.
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => write!(out, "\\u{control:04x}").expect("writing to a String cannot fail"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_sort_and_strings_are_normalised() {
        let value = json!({"b": [1, true, null], "a": "e\u{301}\n", "\u{20ac}": "\u{f}"});
        assert_eq!(to_string(&value).unwrap(), "{\"a\":\"é\\n\",\"b\":[1,true,null],\"€\":\"\\u000f\"}");
    }

    #[test]
    fn what_json_escapes_is_escaped_and_nothing_else() {
        let all: String = (0..=0x7f_u8).map(char::from).chain("é\u{2028}\u{10ffff}".chars()).collect();
        let text = to_string(&json!(all)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!(all));
        assert_eq!(text, json!(all).to_string(), "as serde_json escapes");
        assert_eq!(to_string(&json!("\"a\\\u{1}\u{7f}\u{8}")).unwrap(), "\"\\\"a\\\\\\u0001\u{7f}\\b\"");
    }

    #[test]
    fn floats_and_large_integers_are_refused_at_the_bound() {
        assert_eq!(to_string(&json!(1.5)), Err(CanonicalError::Number));
        assert!(to_string(&json!(9_007_199_254_740_992_i64)).is_ok());
        assert_eq!(to_string(&json!(9_007_199_254_740_993_i64)), Err(CanonicalError::Number));
    }

    #[test]
    fn depth_is_bounded() {
        let nest = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        assert!(to_string(&nest(DEPTH_MAX)).is_ok());
        assert_eq!(to_string(&nest(DEPTH_MAX + 1)), Err(CanonicalError::Depth));
    }

    #[test]
    fn keys_that_collide_after_normalisation_are_refused() {
        let value = json!({"\u{e9}": 1, "e\u{301}": 2});
        assert_eq!(to_string(&value), Err(CanonicalError::DuplicateKey("\u{e9}".into())));
    }
}
