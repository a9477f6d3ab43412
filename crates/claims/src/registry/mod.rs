//! The registry: every sentence that the security page may say, and the checks behind it.
//!
//! What must stay true: a sentence without a status does not compile, and nothing that only awaits its code can be
//! shown as proven. One unit struct a claim, one static table; page, scheduler, command line and README read it.
//!
//! A claim whose list of checks is empty does not compile:
//! ```compile_fail,E0080
//! use claims::registry::*;
//! struct Mine;
//! impl Claim for Mine {
//!     const ID: &'static str = "X-01";
//!     const KIND: Kind = Kind::S;
//!     const GROUP: Group = Group::Isolation;
//!     const SEVERITY: Severity = Severity::High;
//!     const SENTENCE: &'static str = "Nothing leaks.";
//!     const SOURCE: &'static [&'static str] = &["X-01"];
//!     const ENFORCED_BY: &'static [&'static str] = &["x::Y"];
//!     const LAYERS: &'static [Layer] = &[Layer::Types];
//!     const MAPS: &'static [Mapping] = &[(Framework::Iso27001, "A.8.3")];
//!     const REGISTER: Option<Register> = None;
//!     const STATUS: Status = Status::Live(&[]);
//! }
//! const ROW: ClaimRow = ClaimRow::of::<Mine>();
//! ```
//! Its twin with one check compiles:
//! ```
//! use claims::registry::*;
//! struct Mine;
//! impl Claim for Mine {
//!     const ID: &'static str = "X-01";
//!     const KIND: Kind = Kind::S;
//!     const GROUP: Group = Group::Isolation;
//!     const SEVERITY: Severity = Severity::High;
//!     const SENTENCE: &'static str = "Nothing leaks.";
//!     const SOURCE: &'static [&'static str] = &["X-01"];
//!     const ENFORCED_BY: &'static [&'static str] = &["x::Y"];
//!     const LAYERS: &'static [Layer] = &[Layer::Types];
//!     const MAPS: &'static [Mapping] = &[(Framework::Iso27001, "A.8.3")];
//!     const REGISTER: Option<Register> = None;
//!     const STATUS: Status = Status::Live(&[CheckId::RowSecurity]);
//! }
//! const ROW: ClaimRow = ClaimRow::of::<Mine>();
//! assert!(ROW.status.is_live());
//! ```
//! A claim without a status does not compile, for the trait has no default:
//! ```compile_fail,E0046
//! use claims::registry::*;
//! struct Mine;
//! impl Claim for Mine {
//!     const ID: &'static str = "X-01";
//!     const KIND: Kind = Kind::S;
//!     const GROUP: Group = Group::Isolation;
//!     const SEVERITY: Severity = Severity::High;
//!     const SENTENCE: &'static str = "Nothing leaks.";
//!     const SOURCE: &'static [&'static str] = &["X-01"];
//!     const ENFORCED_BY: &'static [&'static str] = &[];
//!     const LAYERS: &'static [Layer] = &[];
//!     const MAPS: &'static [Mapping] = &[(Framework::Iso27001, "A.8.3")];
//!     const REGISTER: Option<Register> = None;
//! }
//! const ROW: ClaimRow = ClaimRow::of::<Mine>();
//! ```
//! Its twin that says which room it awaits, and why, compiles:
//! ```
//! use claims::registry::*;
//! struct Mine;
//! impl Claim for Mine {
//!     const ID: &'static str = "X-01";
//!     const KIND: Kind = Kind::S;
//!     const GROUP: Group = Group::Isolation;
//!     const SEVERITY: Severity = Severity::High;
//!     const SENTENCE: &'static str = "Nothing leaks.";
//!     const SOURCE: &'static [&'static str] = &["X-01"];
//!     const ENFORCED_BY: &'static [&'static str] = &[];
//!     const LAYERS: &'static [Layer] = &[];
//!     const MAPS: &'static [Mapping] = &[(Framework::Iso27001, "A.8.3")];
//!     const REGISTER: Option<Register> = None;
//!     const STATUS: Status = Status::Awaits(Room::Library, "documents do not exist yet");
//! }
//! const ROW: ClaimRow = ClaimRow::of::<Mine>();
//! assert!(!ROW.status.is_live());
//! ```

mod checks;
mod macros;
mod markdown;
mod outcome;
mod words;

pub use checks::{CheckId, CheckRow, FaultSwitch, Needs, checks};
pub use markdown::{in_readme, markdown_table};
pub use outcome::{Check, CheckFuture, Observation, Outcome, Reason, TEXT_MAX_BYTES};
pub use words::{Framework, Group, Kind, Layer, Register, Room, Severity};

pub(crate) use macros::registry;

/// A place in an outside framework: its name and its own id there.
pub type Mapping = (Framework, &'static str);

/// Whether the software behind a sentence exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The code exists; these checks attack it on a running installation. Never empty.
    Live(&'static [CheckId]),
    /// The code, or the register, does not exist yet: the room that will bring it, and the reason that the page shows.
    Awaits(Room, &'static str),
}

impl Status {
    /// Whether checks stand behind the sentence.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// The checks behind the sentence; none for a claim that awaits its room.
    #[must_use]
    pub const fn checks(self) -> &'static [CheckId] {
        match self {
            Self::Live(checks) => checks,
            Self::Awaits(..) => &[],
        }
    }
}

/// One sentence of the security page. No default bodies and no default constants: what is left out does not compile.
pub trait Claim: Sync {
    /// The id in the ledger, such as `PLX-08`.
    const ID: &'static str;
    /// Who can make it true.
    const KIND: Kind;
    /// The chapter in which the page shows it.
    const GROUP: Group;
    /// The harm of it being false.
    const SEVERITY: Severity;
    /// The only source of the page's text.
    const SENTENCE: &'static str;
    /// The rows of the ledger that the sentence covers.
    const SOURCE: &'static [&'static str];
    /// The types, policies and triggers that make it true; empty only while the claim awaits its room.
    const ENFORCED_BY: &'static [&'static str];
    /// The layers that hold it; empty only while the claim awaits its room.
    const LAYERS: &'static [Layer];
    /// Where outside frameworks ask for it; never empty.
    const MAPS: &'static [Mapping];
    /// The register of the half that only people can state; `None` exactly for [`Kind::S`].
    const REGISTER: Option<Register>;
    /// Live with its checks, or the room that it awaits. For S+D and S+O this is the software half.
    const STATUS: Status;
}

/// A [`Claim`] as a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRow {
    /// See [`Claim::ID`].
    pub id: &'static str,
    /// See [`Claim::KIND`].
    pub kind: Kind,
    /// See [`Claim::GROUP`].
    pub group: Group,
    /// See [`Claim::SEVERITY`].
    pub severity: Severity,
    /// See [`Claim::SENTENCE`].
    pub sentence: &'static str,
    /// See [`Claim::SOURCE`].
    pub source: &'static [&'static str],
    /// See [`Claim::ENFORCED_BY`].
    pub enforced_by: &'static [&'static str],
    /// See [`Claim::LAYERS`].
    pub layers: &'static [Layer],
    /// See [`Claim::MAPS`].
    pub maps: &'static [Mapping],
    /// See [`Claim::REGISTER`].
    pub register: Option<Register>,
    /// See [`Claim::STATUS`].
    pub status: Status,
}

/// One of the two halves of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What code must hold.
    Software(Status),
    /// What people must state, in this register.
    Statement(Register),
}

impl ClaimRow {
    /// Copies the constants of a claim, refusing at compile time a claim that could be shown without standing behind it.
    ///
    /// # Panics
    /// Only during compilation: on an empty list of checks, an empty reason, a Live claim without a place that
    /// enforces it, a claim without mapping, or a register that does not fit the kind.
    #[must_use]
    pub const fn of<C: Claim>() -> Self {
        match C::STATUS {
            Status::Live(checks) => {
                assert!(!checks.is_empty(), "a live claim needs at least one check");
                assert!(!C::ENFORCED_BY.is_empty(), "a live claim names what enforces it");
                assert!(!C::LAYERS.is_empty(), "a live claim names its layers");
                assert!(C::KIND.needs_software(), "a sentence that only people can state has no live check");
            }
            Status::Awaits(_, reason) => assert!(!reason.is_empty(), "a claim that awaits its room says why"),
        }
        assert!(!C::SENTENCE.is_empty(), "a claim has a sentence");
        assert!(!C::SOURCE.is_empty(), "a claim names its rows of the ledger");
        assert!(!C::MAPS.is_empty(), "a claim maps to at least one framework");
        assert!(C::KIND.needs_statement() == C::REGISTER.is_some(), "a register, exactly for what people must state");
        Self {
            id: C::ID,
            kind: C::KIND,
            group: C::GROUP,
            severity: C::SEVERITY,
            sentence: C::SENTENCE,
            source: C::SOURCE,
            enforced_by: C::ENFORCED_BY,
            layers: C::LAYERS,
            maps: C::MAPS,
            register: C::REGISTER,
            status: C::STATUS,
        }
    }

    /// The software half and the stated half; exactly two for S+D and S+O, one otherwise.
    pub fn halves(&self) -> impl Iterator<Item = Half> + use<> {
        let software = self.kind.needs_software().then_some(Half::Software(self.status));
        software.into_iter().chain(self.register.map(Half::Statement))
    }
}

/// Every claim, in the order of the ledger. One static table.
#[must_use]
pub fn claims() -> &'static [ClaimRow] {
    crate::ledger::rows()
}

/// The claim with this id (`PLX-08`), if there is one.
#[must_use]
pub fn claim(id: &str) -> Option<&'static ClaimRow> {
    claims().iter().find(|row| row.id == id)
}

/// The claims of a chapter, in the order of the ledger.
pub fn claims_of(group: Group) -> impl Iterator<Item = &'static ClaimRow> {
    claims().iter().filter(move |row| row.group == group)
}
