//! Which passwords may be chosen: long enough, and not what a guesser tries first.
//!
//! No rules about kinds of characters and no expiry (NIST SP 800-63B 3.1.1.2, ASVS 5.0 V6.2). Refused is what
//! `data/common.bin` lists, what consists of words that stand near the account, and what zxcvbn scores below 3
//! (fewer than 10^8 guesses). `data/README.md` says where the list comes from.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::Error;

/// Fewest characters of a password.
pub const CHARS_MIN: usize = 12;
/// Most characters of a password.
pub const CHARS_MAX: usize = 256;
/// Characters that zxcvbn looks at; more take long and change nothing.
const JUDGED_CHARS: usize = 100;
/// Shortest word of the context that counts.
const WORD_CHARS_MIN: usize = 4;
/// Characters that must be left of a password without the words of its context.
const REST_CHARS_MIN: usize = 8;
/// Most words of the context.
const WORDS_MAX: usize = 40;
/// Bytes of an entry of the list.
const ENTRY_BYTES: usize = 8;

/// Sorted prefixes of 8 bytes of the SHA-256 of common passwords, lower case and NFC.
static COMMON: &[u8] = include_bytes!("../data/common.bin");

/// A password in the form in which it is hashed (NFC), if it may be chosen. `words` are those near the account: the
/// names of workspace and person, the slug, the address; they are taken apart here.
///
/// # Errors
/// [`Error::Invalid`] with what to change.
pub fn check(password: &str, words: &[&str]) -> Result<Zeroizing<String>, Error> {
    let normal = normal(password).ok_or_else(too_long)?;
    if normal.chars().count() < CHARS_MIN {
        return Err(Error::invalid("password", format!("needs at least {CHARS_MIN} characters")));
    }
    if is_guessable(&normal, words) {
        return Err(Error::invalid("password", "is easy to guess; a few unrelated words make a good one"));
    }
    Ok(normal)
}

fn too_long() -> Error {
    Error::invalid("password", format!("has more than {CHARS_MAX} characters"))
}

/// The form in which a password is hashed; nothing when it is longer than any password.
pub(crate) fn normal(password: &str) -> Option<Zeroizing<String>> {
    if password.len() > CHARS_MAX * 8 {
        return None;
    }
    let mut normal = Zeroizing::new(String::with_capacity(CHARS_MAX * 12));
    normal.extend(password.nfc());
    (normal.chars().count() <= CHARS_MAX).then_some(normal)
}

/// Whether a guesser would try it early.
fn is_guessable(normal: &str, words: &[&str]) -> bool {
    let lower = Zeroizing::new(normal.to_lowercase());
    let words = parts(words);
    if is_common(&lower) || rest_chars(&lower, &words) < REST_CHARS_MIN.min(lower.chars().count()) {
        return true;
    }
    let judged = Zeroizing::new(normal.chars().take(JUDGED_CHARS).collect::<String>());
    let inputs: Vec<&str> = words.iter().map(String::as_str).collect();
    zxcvbn(&judged, &inputs).score() < Score::Three
}

/// The words of the context: split where letters and digits end, four characters or more, lower case.
fn parts(words: &[&str]) -> Vec<String> {
    let mut parts: Vec<String> = std::iter::once("countersign")
        .chain(words.iter().copied())
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .map(|part| part.nfc().collect::<String>().to_lowercase())
        .filter(|part| part.chars().count() >= WORD_CHARS_MIN)
        .take(WORDS_MAX)
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

fn rest_chars(lower: &str, words: &[String]) -> usize {
    let rest = words.iter().fold(Zeroizing::new(lower.to_owned()), |rest, word| Zeroizing::new(rest.replace(word, "")));
    rest.chars().count()
}

fn is_common(lower: &str) -> bool {
    let wanted = entry(lower);
    let (mut low, mut high) = (0, COMMON.len() / ENTRY_BYTES);
    while low < high {
        let middle = low.midpoint(high);
        match COMMON[middle * ENTRY_BYTES..(middle + 1) * ENTRY_BYTES].cmp(&wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// What the list holds of a password: the first 8 bytes of the SHA-256 of its lower-case NFC form.
#[must_use]
pub fn entry(password: &str) -> [u8; 8] {
    let lower = Zeroizing::new(password.nfc().collect::<String>().to_lowercase());
    let hash = seal::sha256(lower.as_bytes());
    let mut entry = [0; ENTRY_BYTES];
    entry.copy_from_slice(&hash[..ENTRY_BYTES]);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_without_repetition() {
        assert_eq!(COMMON.len() % ENTRY_BYTES, 0);
        let entries: Vec<&[u8]> = COMMON.chunks_exact(ENTRY_BYTES).collect();
        assert!(entries.len() >= 3_000);
        assert!(entries.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_3000_most_common_passwords_are_refused_whatever_their_length() {
        let top: Vec<&str> = include_str!("../data/top.txt").lines().collect();
        assert_eq!(top.len(), 3_000);
        for password in top {
            assert!(check(password, &[]).is_err(), "{password}");
            assert!(is_guessable(password, &[]), "{password}");
            assert!(is_guessable(&password.to_uppercase(), &[]), "{password}");
        }
    }

    #[test]
    fn a_thousand_generated_pass_phrases_are_accepted() {
        const WORDS: [&str; 32] = [
            "anchor", "basket", "copper", "drizzle", "ember", "falcon", "granite", "harbour", "island", "juniper",
            "kettle", "lantern", "meadow", "nickel", "orchid", "pebble", "quartz", "ribbon", "saddle", "timber",
            "umbrella", "velvet", "walnut", "yonder", "zephyr", "bramble", "cinder", "dapple", "fennel", "gravel",
            "hollow", "marble",
        ];
        let mut state = 20_261_122_u64;
        let mut next = || {
            // Knuth's MMIX generator: a fixed sequence, so that a failure can be seen again.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            WORDS[usize::try_from(state >> 59).unwrap()]
        };
        let mut accepted = 0;
        for _ in 0..3_000 {
            let words = [next(), next(), next(), next(), next()];
            if accepted == 1_000 || words.iter().collect::<std::collections::BTreeSet<_>>().len() < words.len() {
                continue;
            }
            let phrase = words.join(" ");
            assert!(check(&phrase, &["Ana Lima", "acme", "ana.lima@example.org"]).is_ok(), "{phrase}");
            accepted += 1;
        }
        assert_eq!(accepted, 1_000);
    }

    #[test]
    fn length_counts_characters_after_normalisation() {
        let composed = "\u{e9}\u{f1}q7Zw-k2Xv"; // 11 characters
        assert!(check(composed, &[]).is_err());
        assert!(check(&format!("{composed}p"), &[]).is_ok(), "12");
        let decomposed = "e\u{301}n\u{303}q7Zw-k2Xv";
        assert_eq!(*check(&format!("{decomposed}p"), &[]).unwrap(), format!("{composed}p"));
        assert!(check(decomposed, &[]).is_err());
        let long = "tin can moss ".repeat(20);
        assert!(check(&long[..256], &[]).is_ok());
        assert!(check(&long[..257], &[]).is_err());
        assert!(normal(&"a".repeat(CHARS_MAX * 8 + 1)).is_none());
    }

    #[test]
    fn words_near_the_account_are_no_password() {
        let words = ["Ana Lima", "Northwind Traders", "ana.lima@northwind.example"];
        for password in
            ["NorthwindTraders", "Northwind-Lima", "countersign2026", "northwindtraders1", "LimaNorthwindLima"]
        {
            assert!(check(password, &words).is_err(), "{password}");
        }
        assert!(check("northwind quartz saddle", &words).is_ok());
    }
}
