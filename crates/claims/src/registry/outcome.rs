//! What one run of a check says, and the trait of a check.

use super::CheckId;
use aws_lc_rs::digest::{SHA256, digest};
use std::future::Future;
use std::pin::Pin;

/// Longest text of an observation or a reason, in bytes; longer ones are cut at a character.
pub const TEXT_MAX_BYTES: usize = 2_000;

/// Why a run proves nothing: words for the page, without host names, ids or secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// A reason in words, cut at [`TEXT_MAX_BYTES`].
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(cut(words.into()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a run looked at: counts, hashes and status codes, never a value of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    population_n: u64,
    population_of: u64,
    text: String,
    sha256: [u8; 32],
}

impl Observation {
    /// How many members of the population were as they should be.
    #[must_use]
    pub fn population_n(&self) -> u64 {
        self.population_n
    }

    /// How many members were looked at; never 0.
    #[must_use]
    pub fn population_of(&self) -> u64 {
        self.population_of
    }

    /// What was seen, in words such as `41 of 41 tables`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of what defined the population: the query, or the sorted list of its members.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

/// The verdict of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every member of a population that is not empty was as it should be.
    Pass(Observation),
    /// At least one member was not.
    Fail(Observation),
    /// The run could not be finished, or had nothing to look at.
    NotProven(Reason),
}

impl Outcome {
    /// Judges a count: `n` of `of` members were as they should be. `population` is what defined the members.
    ///
    /// An empty population proves nothing, and neither does a count above its population.
    #[must_use]
    pub fn judge(n: u64, of: u64, population: &[u8], text: impl Into<String>) -> Self {
        if of == 0 {
            return Self::NotProven(Reason::new("the check found nothing to look at"));
        }
        if n > of {
            return Self::NotProven(Reason::new("the check counted more than its population holds"));
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, population).as_ref());
        let seen = Observation { population_n: n, population_of: of, text: cut(text.into()), sha256 };
        if n == of { Self::Pass(seen) } else { Self::Fail(seen) }
    }

    /// A run that could not be finished.
    #[must_use]
    pub fn unfinished(words: impl Into<String>) -> Self {
        Self::NotProven(Reason::new(words))
    }

    /// The code used in stored state and in JSON: `pass`, `fail` or `not_proven`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Fail(_) => "fail",
            Self::NotProven(_) => "not_proven",
        }
    }
}

/// The future of one run.
pub type CheckFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A probe: one run against a running installation, described by the context `Cx`.
pub trait Check<Cx: ?Sized>: Send + Sync {
    /// Which row of the table of checks this is.
    fn id(&self) -> CheckId;

    /// Runs once. Bounded by the runner; whatever hinders it is [`Outcome::NotProven`], never a pass.
    fn run<'a>(&'a self, cx: &'a Cx) -> CheckFuture<'a>;
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_MAX_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_MAX_BYTES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_population_is_not_proven() {
        assert!(matches!(Outcome::judge(0, 0, b"q", "0 of 0"), Outcome::NotProven(_)));
        assert!(matches!(Outcome::judge(2, 1, b"q", "2 of 1"), Outcome::NotProven(_)));
        assert!(matches!(Outcome::judge(0, 1, b"q", "0 of 1"), Outcome::Fail(_)));
        let Outcome::Pass(seen) = Outcome::judge(1, 1, b"abc", "1 of 1") else { panic!("one of one passes") };
        assert_eq!((seen.population_n(), seen.population_of(), seen.text()), (1, 1, "1 of 1"));
        assert_eq!(seen.sha256()[..4], [0xba, 0x78, 0x16, 0xbf], "SHA-256 of abc, FIPS 180-4");
    }

    #[test]
    fn texts_are_cut_at_a_character() {
        assert_eq!(Reason::new("a".repeat(TEXT_MAX_BYTES)).as_str().len(), TEXT_MAX_BYTES);
        assert_eq!(Reason::new("a".repeat(TEXT_MAX_BYTES + 1)).as_str().len(), TEXT_MAX_BYTES);
        assert_eq!(Reason::new("é".repeat(TEXT_MAX_BYTES)).as_str().len(), TEXT_MAX_BYTES);
    }
}
