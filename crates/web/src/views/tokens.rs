//! API tokens of the reader.

use super::{Frame, When};
use askama::Template;

/// `/w/{slug}/tokens`: posts to itself with `act` = `create` (`label`, `scope` once for each, `days`) or `end`
/// (`token`).
#[derive(Debug, Clone, Template)]
#[template(path = "tokens.html")]
pub struct Tokens {
    /// What every page has.
    pub frame: Frame,
    /// Newest first.
    pub tokens: Vec<TokenRow>,
    /// Scopes on offer.
    pub scopes: Vec<ScopeTick>,
    /// What was typed before.
    pub label: String,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// A token just made; shown once.
    pub fresh: Option<FreshToken>,
}

/// A token that is shown this one time.
#[derive(Debug, Clone)]
pub struct FreshToken {
    /// Its label.
    pub label: String,
    /// The whole token.
    pub secret: String,
}

/// One token.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Id of the token.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Its first characters, to tell tokens apart.
    pub prefix: String,
    /// Its scopes, joined.
    pub scopes: String,
    /// When it was last used.
    pub last_used: Option<When>,
    /// When it ends.
    pub expires: When,
}

/// A scope with a box to tick.
#[derive(Debug, Clone)]
pub struct ScopeTick {
    /// Its name, e.g. `requests:read`.
    pub name: String,
    /// What it allows.
    pub help: String,
    /// Ticked so far.
    pub ticked: bool,
}
