//! What the texts of C2SP have in common: numbered lines, decimal numbers, hashes in base64.

use data_encoding::BASE64;

use crate::hash::Hash;

/// The lines of a text, each with its end, counted from 1.
pub(crate) struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { rest: text, number: 0 }
    }

    /// The next line without its end; nothing when no line's end follows.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        Some(line)
    }

    /// Number of the line that was read last.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// What follows the line that was read last.
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Hashes, one a line, up to and with the empty line behind them; nothing when a line is none, is missing, or is
    /// one more than the most.
    pub(crate) fn hashes(&mut self, most: usize) -> Option<Vec<Hash>> {
        let mut hashes = Vec::new();
        loop {
            match self.next()? {
                "" => return Some(hashes),
                _ if hashes.len() == most => return None,
                line => hashes.push(hash(line)?),
            }
        }
    }
}

/// A number without sign and leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

/// What a base64 of RFC 4648 stands for, in its one form. The decoder alone takes several of them one after the other,
/// each with its padding, so that there would be many texts for the same bytes.
#[must_use]
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    let padding = text.bytes().position(|byte| byte == b'=').unwrap_or(text.len());
    (text.len() - padding <= 2).then_some(bytes)
}

/// The base64 of a hash, in its one form.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    decode_base64(text)?.try_into().ok().map(Hash)
}

/// Hashes as lines.
pub(crate) fn of_hashes(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| BASE64.encode(&hash.0) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_text() {
        for (text, bytes) in [("", b"".as_slice()), ("AA==", b"\0"), ("AAE=", b"\0\x01"), ("AAEC", b"\0\x01\x02")] {
            assert_eq!(decode_base64(text).as_deref(), Some(bytes), "{text}");
        }
        for text in ["AA==AA==", "AAE=AA==", "AA==AAEC", "AA", "AB==", "AA==\n", " AA==", "A-E=", "====", "="] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }
}
