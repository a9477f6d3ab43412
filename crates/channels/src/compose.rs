//! Who writes the letters: `channels` knows no template and no person.

use std::future::Future;

use serde_json::Value;
use tenancy::{ReadWrite, Scope};

use crate::letter::{Letter, LetterError};

/// Why no letters could be written. It holds no content, so it may be logged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ComposeError {
    /// No letter belongs to this kind of effect.
    #[error("no letter belongs to this kind of effect")]
    UnknownKind,
    /// The payload does not hold the ids it must.
    #[error("the payload does not hold the ids it must")]
    Payload,
    /// A letter passed its bounds.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// The database, or a right, refused.
    #[error(transparent)]
    Tenancy(#[from] tenancy::Error),
    /// What the effect asks for was refused.
    #[error("what the effect asks for was refused")]
    Refused,
    /// A template could not be rendered.
    #[error("a template could not be rendered")]
    Template,
}

/// Turns an effect's ids into letters, inside the effect's own transaction.
///
/// A letter whose reader must not be told any more (who left, or may no longer see the request) is left out; an answer
/// without letters ends the effect. What the composer writes, such as a fresh one-time link, is rolled back when the
/// letter cannot be sent, so a link secret exists nowhere but in a letter that left.
pub trait MailComposer: Send + Sync + 'static {
    /// Writes the letters of one effect; at most [`crate::LETTERS_MAX`], each with a [`Letter::message_ref`] of its own.
    ///
    /// # Errors
    /// See [`ComposeError`]; the effect then comes back after a while.
    fn compose(
        &self,
        scope: &mut Scope<ReadWrite>,
        kind: &str,
        payload: &Value,
    ) -> impl Future<Output = Result<Vec<Letter>, ComposeError>> + Send;
}
