//! What the pages show: plain view models, one struct and one template a page.
//!
//! Nothing here reads a database, a clock or a request. Handlers hand over strings that are already formatted for the
//! person who reads them, and every string is escaped by askama on its way out. Every page carries a [`Frame`].

mod audit;
mod erasure;
mod error;
mod form;
mod home;
mod log;
mod mail;
mod people;
mod processes;
mod request;
pub mod samples;
mod session;
mod streams;
mod tokens;
mod trust;
mod workspaces;

#[cfg(test)]
mod tests;

pub use audit::{Audit, AuditField, AuditFilter, AuditRow, RecordPage, RecordProof};
pub use erasure::{Ended, Erasure, ErasureLine};
pub use error::ErrorPage;
pub use form::{Approval, Choice, Field, FieldKind, FormMode, FormProblem, RequestForm, Section, ShowWhen};
pub use home::{Catalogue, Home, ProcessCard, RequestRow, WaitingRow};
pub use log::{Anchor, AuditLog, Finding, LogVerdict, Stands, Verifying};
pub use mail::{CheckpointMail, DecidedMail, InvitationMail, ReturnedMail, TaskMail};
pub use people::{
    GroupPage, GroupRow, GroupTick, Groups, InviteForm, MemberRow, People, PersonPage, PersonRow, Selectable,
};
pub use processes::{ProcessEdit, ProcessProblem, ProcessRow, Processes, VersionRow};
pub use request::{
    Asked, AskedSection, Change, CommentForm, DecisionCard, Happening, Notice, RequestActions, RequestPage, SealCard,
    StaleNotice, Stop, StopState,
};
pub use session::{EnterWorkspace, LinkSpent, OneTimeLink, SetPassword, SignIn};
pub use streams::{DeadLine, StreamLine, StreamPage, StreamTyped, Streams, Tested};
pub use tokens::{FreshToken, ScopeTick, TokenRow, Tokens};
pub use trust::{ClaimGroup, ClaimRow, LedgerRow, LedgerSource, Run, Tally, Trust, TrustLedger};
pub use workspaces::{WorkspaceRow, Workspaces};

use crate::assets;
use askama::Template;

/// Light or dark: the choice stored in a cookie, or what the system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// `prefers-color-scheme` decides.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The value of `data-theme`, of the form field `theme` and of the cookie.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that word; anything unknown is [`Theme::System`].
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The content of `<meta name="color-scheme">`.
    #[must_use]
    pub fn color_scheme(self) -> &'static str {
        match self {
            Self::System => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What a colour says. It never says it alone: a sign and a word stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Done, approved, proven.
    Ok,
    /// Waiting, due.
    Wait,
    /// Refused, late, failing.
    No,
    /// None of these, not proven.
    Idle,
}

impl Tone {
    /// The class of the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wait => "wait",
            Self::No => "no",
            Self::Idle => "idle",
        }
    }

    /// The sign that stands before the word where the caller names no other.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Wait => "◔",
            Self::No => "!",
            Self::Idle => "○",
        }
    }
}

/// A state as sign, word and colour. Renders itself: `{{ pill }}`.
#[derive(Debug, Clone, Template)]
#[template(
    ext = "html",
    source = r#"<span class="pill {{ tone.class() }}"><span aria-hidden="true">{{ sign }}</span> {{ word }}</span>"#
)]
pub struct Pill {
    /// What the colour says.
    pub tone: Tone,
    /// One character, hidden from screen readers: the word says the same.
    pub sign: &'static str,
    /// The state in one to three words.
    pub word: String,
}

impl Pill {
    /// A pill with the usual sign of its tone.
    #[must_use]
    pub fn new(tone: Tone, word: impl Into<String>) -> Self {
        Self { tone, sign: tone.sign(), word: word.into() }
    }

    /// The same pill with another sign.
    #[must_use]
    pub fn with_sign(mut self, sign: &'static str) -> Self {
        self.sign = sign;
        self
    }
}

// Its own template has escaped what it shows.
impl askama::filters::HtmlSafe for Pill {}

/// An instant as people read it, with the exact one beside it. Renders itself: `{{ when }}`.
#[derive(Debug, Clone, Template)]
#[template(ext = "html", source = r#"<time datetime="{{ iso }}" title="{{ title }}">{{ text }}</time>"#)]
pub struct When {
    /// RFC 3339, for programs.
    pub iso: String,
    /// Relative under a day, absolute beyond.
    pub text: String,
    /// The exact instant with its zone, shown on hover.
    pub title: String,
}

impl When {
    /// An instant from its three forms.
    #[must_use]
    pub fn new(iso: impl Into<String>, text: impl Into<String>, title: impl Into<String>) -> Self {
        Self { iso: iso.into(), text: text.into(), title: title.into() }
    }
}

// Its own template has escaped what it shows.
impl askama::filters::HtmlSafe for When {}

/// The entry of the navigation that the page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// Home and the request pages.
    Home,
    /// Catalogue and the request form.
    Catalogue,
    /// People and their pages.
    People,
    /// Groups and their pages.
    Groups,
    /// Processes and their editor.
    Processes,
    /// The audit list.
    Audit,
    /// Workspaces of the installation.
    Workspaces,
    /// API tokens.
    Tokens,
    /// The security page of this installation.
    Trust,
    /// The ledger of claims.
    TrustLedger,
    /// None of them.
    Elsewhere,
}

impl Nav {
    fn key(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Catalogue => "catalogue",
            Self::People => "people",
            Self::Groups => "groups",
            Self::Processes => "processes",
            Self::Audit => "audit",
            Self::Workspaces => "workspaces",
            Self::Tokens => "tokens",
            Self::Trust => "trust",
            Self::TrustLedger => "ledger",
            Self::Elsewhere => "",
        }
    }
}

/// Something said once, above the page that follows an act.
#[derive(Debug, Clone)]
pub struct Flash {
    /// What the colour says.
    pub tone: Tone,
    /// One or two plain sentences.
    pub text: String,
}

/// Where the reader is signed in, and what its navigation offers.
#[derive(Debug, Clone)]
pub struct WorkspaceNav {
    /// Slug of the workspace, as in `/w/{slug}/`.
    pub slug: String,
    /// Name of the workspace.
    pub name: String,
    /// Name of the person who reads.
    pub person_name: String,
    /// One or two letters for the round badge.
    pub initials: String,
    /// May see people and groups.
    pub may_people: bool,
    /// May see the audit list.
    pub may_audit: bool,
    /// May see and publish processes.
    pub may_processes: bool,
    /// May see the workspaces of the installation.
    pub may_workspaces: bool,
    /// Tasks that wait for this person.
    pub waiting_count: usize,
}

/// What every page has in common.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Title of the page, without the name of the product.
    pub title: String,
    /// The workspace of the reader, `None` before somebody signed in.
    pub workspace: Option<WorkspaceNav>,
    /// Entry of the navigation to mark.
    pub active: Nav,
    /// Light, dark or as the system prefers.
    pub theme: Theme,
    /// The nonce of this answer's Content-Security-Policy.
    pub nonce: String,
    /// What the last act did.
    pub flash: Option<Flash>,
}

impl Frame {
    /// URL of the style sheet.
    #[must_use]
    pub fn style_url(&self) -> String {
        assets::STYLE.url()
    }

    /// URL of the script.
    #[must_use]
    pub fn script_url(&self) -> String {
        assets::SCRIPT.url()
    }

    /// URL of the mark.
    #[must_use]
    pub fn mark_url(&self) -> String {
        assets::MARK.url()
    }

    /// `/w/{slug}` of the reader's workspace; empty before somebody signed in.
    #[must_use]
    pub fn base(&self) -> String {
        self.workspace.as_ref().map(|workspace| format!("/w/{}", workspace.slug)).unwrap_or_default()
    }

    /// Marks the link of a part of the navigation: `home`, `catalogue`, `people`, `processes`, `audit`, `workspaces`,
    /// `trust`.
    fn part(&self, key: &str) -> Current {
        let part = match self.active {
            Nav::Groups => "people",
            Nav::TrustLedger => "trust",
            other => other.key(),
        };
        if part == key { Current::Yes } else { Current::No }
    }

    /// Marks the link of a page within such a part.
    fn page(&self, key: &str) -> Current {
        if self.active.key() == key { Current::Yes } else { Current::No }
    }

    /// Marks the button of the theme in use.
    fn theme_is(&self, word: &str) -> &'static str {
        if self.theme.word() == word { "true" } else { "false" }
    }
}

/// Whether a link of the navigation leads to where the reader is.
enum Current {
    Yes,
    No,
}

impl std::fmt::Display for Current {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Yes => r#" aria-current="page""#,
            Self::No => "",
        })
    }
}

// Two fixed strings.
impl askama::filters::HtmlSafe for Current {}
