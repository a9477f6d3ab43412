//! An e-mail address, in the one form in which it is stored and looked up.

use seal::{WorkspaceKeys, columns};
use unicode_normalization::UnicodeNormalization as _;

use crate::Error;

/// Most bytes of an address (RFC 5321, 4.5.3.1.3, without the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Most bytes before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Most bytes of one label of the domain (RFC 1035, 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// One address: trimmed, NFC, lower case. Quoted local parts and comments are not accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Normalises and checks an address.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field `email`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |problem: &str| Err(Error::invalid("email", problem));
        if text.len() > 4 * ADDRESS_BYTES_MAX {
            return wrong("is longer than 254 bytes");
        }
        let address: String = text.trim().nfc().collect::<String>().to_lowercase().nfc().collect();
        if address.len() > ADDRESS_BYTES_MAX {
            return wrong("is longer than 254 bytes");
        }
        let Some((local, domain)) = address.split_once('@') else {
            return wrong("has no @");
        };
        if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
            return wrong("needs 1 to 64 bytes before the @");
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") || !local.chars().all(of_local) {
            return wrong("has a character before the @ that does not belong there");
        }
        if !domain.split('.').all(is_label) {
            return wrong("has no proper domain after the @");
        }
        Ok(Self(address))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// What the address is looked up by within one workspace.
    pub(crate) fn blind(&self, keys: &WorkspaceKeys) -> Vec<u8> {
        keys.blind::<columns::PersonEmail>(self.0.as_bytes()).to_vec()
    }
}

fn of_local(c: char) -> bool {
    c.is_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~.".contains(c)
        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
}

fn is_label(label: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '-';
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && label.chars().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        for text in [" Ana@Example.ORG ", "ana@example.org"] {
            assert_eq!(Email::parse(text).unwrap().as_str(), "ana@example.org");
        }
        let composed = Email::parse("jos\u{e9}@example.org").unwrap();
        assert_eq!(composed, Email::parse("Jose\u{301}@example.org").unwrap());
        assert_eq!(composed.local(), "jos\u{e9}");
    }

    #[test]
    fn what_could_end_a_header_or_name_two_people_is_refused() {
        for text in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a b@example.org",
            "a@b@c",
            "ana@example.org\r\nBcc: x@y",
            "a,b@example.org",
            "<ana@example.org>",
            "\"a\"@example.org",
            ".ana@example.org",
            "a..b@example.org",
            "ana@-example.org",
            "ana@example..org",
            "ana@exa\u{0}mple.org",
            "an\u{7f}a@example.org",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_held_at_the_bound_and_refused_past_it() {
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(64))).is_ok());
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(65))).is_err());
        let domain = |n: usize| format!("{0}.{0}.{0}.{1}", "d".repeat(60), "e".repeat(n));
        assert_eq!(format!("{}@{}", "a".repeat(64), domain(6)).len(), 254);
        assert!(Email::parse(&format!("{}@{}", "a".repeat(64), domain(6))).is_ok());
        assert!(Email::parse(&format!("{}@{}", "a".repeat(64), domain(7))).is_err());
    }
}
