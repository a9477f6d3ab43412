//! The page that verifies an export in a browser, without us and without a network: one file in every export.
//!
//! It does what [`verify`](crate::verify) does and in the same order. It is not believed where it lies: whoever made an
//! export may have altered it, so the verdict on a folder says whether its page is the one of this program.

use std::path::Path;

use crate::folder;

/// The page, whole. Its policy allows its own script and style by their hashes and nothing else.
pub const PAGE: &str = include_str!("../assets/verify.html");

/// What lies in an export as the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFound {
    /// The one of this program, byte for byte.
    Same,
    /// Another one: of another version, or altered. Its verdict is worth nothing until it is known where it is from.
    Other,
    /// None: an export of before there was one, or it was taken out.
    Missing,
}

impl PageFound {
    /// What lies in a folder.
    pub(crate) fn of(root: &Path) -> Self {
        let path = root.join(folder::PAGE);
        match std::fs::metadata(&path) {
            Err(_) => Self::Missing,
            Ok(about) if about.len() != PAGE.len() as u64 => Self::Other,
            Ok(_) => match std::fs::read(&path).is_ok_and(|bytes| bytes == PAGE.as_bytes()) {
                true => Self::Same,
                false => Self::Other,
            },
        }
    }

    /// For programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::Missing => "missing",
        }
    }

    /// In a sentence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Same => "verify.html in the folder is the page of this program",
            Self::Other => {
                "NOT known: verify.html in the folder is another page than that of this program, of another version or \
                 altered; believe no verdict of it"
            }
            Self::Missing => "verify.html is not in the folder",
        }
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    #[test]
    fn the_page_runs_its_own_script_and_nothing_else() {
        let part = |name: &str| {
            let (_, rest) = PAGE.split_once(&format!("<{name}>")).unwrap();
            let (part, rest) = rest.split_once(&format!("</{name}>")).unwrap();
            assert!(!rest.contains(&format!("<{name}")), "there is one {name}");
            format!("'sha256-{}'", BASE64.encode(&seal::sha256(part.as_bytes())))
        };
        let policy = format!(
            "content=\"default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'\"",
            part("script"),
            part("style")
        );
        assert!(PAGE.contains(&policy), "the policy of verify.html is to be: {policy}");
        for none in
            ["http:", "https:", "src=", "href=", "fetch(", "import(", "eval(", "innerHTML", "style=", " onclick"]
        {
            assert!(!PAGE.contains(none), "{none} has no place in it");
        }
        assert!(PAGE.len() < 100_000, "{} bytes", PAGE.len());
    }

    #[test]
    fn the_page_has_the_bounds_of_the_program() {
        for (name, value) in [
            ("NOTE_BYTES_MAX = 64 * 1024", tlog::NOTE_BYTES_MAX == 64 * 1024),
            ("SIGNATURES_MAX = 64", tlog::SIGNATURES_MAX == 64),
            ("NAME_BYTES_MAX = 255", tlog::NAME_BYTES_MAX == 255),
            ("EXTENSIONS_MAX = 16", tlog::EXTENSIONS_MAX == 16),
            ("WIDTH = 256", tlog::TILE_WIDTH == 256),
            ("ENTRY_BYTES_MAX = 65535", tlog::ENTRY_BYTES_MAX == 65_535),
            ("LINE_BYTES_MAX = 1024 * 1024", crate::verify::LINE_BYTES_MAX == 1024 * 1024),
            ("OWN_MAX = 4000000", crate::verify::OWN_MAX == 4_000_000),
            ("KEYS_MAX = 64", crate::witnessed::KEYS_MAX == 64),
            ("PROOF_HASHES_MAX = 64", tlog::PROOF_HASHES_MAX == 64),
            ("PROOFS_MAX = 64", crate::consistency::PROOFS_MAX == 64),
            ("LABEL_BLOCK = 4096", crate::entry::LABEL_BLOCK == 4_096),
            ("FIELDS = ['actor', 'ip', 'device', 'target', 'context', 'diff']", crate::entry::FIELDS.len() == 6),
        ] {
            assert!(value && PAGE.contains(&format!("const {name};")), "{name}");
        }
    }

    #[test]
    fn an_altered_page_is_told_from_the_own_one() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(PageFound::of(dir.path()), PageFound::Missing);
        folder::write(dir.path(), folder::PAGE, PAGE.as_bytes()).unwrap();
        assert_eq!(PageFound::of(dir.path()), PageFound::Same);
        folder::write(dir.path(), folder::PAGE, PAGE.replace("NOT what", "WHAT").as_bytes()).unwrap();
        assert_eq!(PageFound::of(dir.path()), PageFound::Other);
        let same_length = PAGE.replacen("'use strict'", "'use sTrict'", 1);
        folder::write(dir.path(), folder::PAGE, same_length.as_bytes()).unwrap();
        assert_eq!(PageFound::of(dir.path()), PageFound::Other);
    }
}
