//! Delivering one effect: its row locked, its letters written and sent, its record left, all in one transaction.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tenancy::policy::DeliverEffect;
use tenancy::{Channel, Credential, Database, Due, Internal, Origin, Record, Whole};

use crate::compose::{ComposeError, MailComposer};
use crate::letter::{LetterError, Post, Sender};
use crate::transport::{Transport, TransportError};

/// Most letters of one effect.
pub const LETTERS_MAX: usize = 100;
/// Longest that one effect may take, the sending counted. Where a batch takes longer than its lock, another courier may
/// begin the rest: each delivery locks the row and finds out whether it was done.
pub const DELIVERY_MAX: Duration = Duration::from_secs(20);

/// Why an effect was not delivered. Its code is what the outbox row keeps; neither holds an address or content.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// No letters could be written.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A letter does not make a message.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// More than [`LETTERS_MAX`] letters, or two of one name.
    #[error("the effect has too many letters, or two of one name")]
    Letters,
    /// The letters could not be handed over.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The database, or a right, refused.
    #[error(transparent)]
    Tenancy(#[from] tenancy::Error),
    /// The payload is no JSON.
    #[error("the payload is not readable")]
    Payload,
    /// It took longer than [`DELIVERY_MAX`].
    #[error("the delivery took too long")]
    TooSlow,
    /// The delivery ended by a defect of ours.
    #[error("the delivery ended by a defect")]
    Defect,
    /// The courier stopped before its turn came.
    #[error("the courier stopped first")]
    Stopped,
}

impl DeliveryError {
    /// The code that the outbox row keeps: one of a closed list.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Compose(ComposeError::UnknownKind) => "unknown_kind",
            Self::Compose(ComposeError::Payload) | Self::Payload => "payload",
            Self::Compose(ComposeError::Refused) => "refused",
            Self::Compose(ComposeError::Letter(_)) | Self::Letter(_) => "letter",
            Self::Compose(ComposeError::Template) => "template",
            Self::Compose(ComposeError::Tenancy(error)) | Self::Tenancy(error) => tenancy_code(error),
            Self::Letters => "letters",
            Self::Transport(error) => error.code(),
            Self::TooSlow => "too_slow",
            Self::Defect => "defect",
            Self::Stopped => "stopped",
        }
    }
}

const fn tenancy_code(error: &tenancy::Error) -> &'static str {
    match error {
        tenancy::Error::NotFound => "gone",
        tenancy::Error::Forbidden | tenancy::Error::Unauthenticated => "not_allowed",
        tenancy::Error::Busy => "busy",
        tenancy::Error::Unavailable => "database_away",
        tenancy::Error::Seal(_) => "sealed",
        _ => "database",
    }
}

/// What became of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// So many letters were handed over.
    Letters(usize),
    /// It was done already.
    Before,
}

/// Delivers one effect. Dropped or failed anywhere, its transaction rolls back and it stays due.
pub(crate) async fn deliver<C: MailComposer>(
    database: &Database,
    composer: &C,
    transport: &Transport,
    sender: &Sender,
    due: &Due,
) -> Result<Delivered, DeliveryError> {
    let credential = Credential::Internal(Internal::Courier);
    let mut scope = database.scope(credential, due.workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<DeliverEffect>(Whole).await?;
    let Some(payload) = scope.effect_payload(due.id).await? else {
        return Ok(Delivered::Before);
    };
    let payload: Value = serde_json::from_str(&payload).map_err(|_| DeliveryError::Payload)?;
    let letters = composer.compose(&mut scope, &due.kind, &payload).await?;
    let posts: Vec<Post> = letters
        .iter()
        .map(|letter| Post::new(letter, sender, due.id, scope.now()))
        .collect::<Result<_, LetterError>>()?;
    check(&posts)?;
    transport.send(&posts).await?;
    let record = Record::about(due.id.uuid())
        .with("kind", due.kind.as_str())
        .with("effect", due.id.to_string())
        .with("letters", posts.len());
    scope.effect_done(permit, due.id, record).await?;
    let _committed = scope.commit().await?;
    Ok(Delivered::Letters(posts.len()))
}

fn check(posts: &[Post]) -> Result<(), DeliveryError> {
    let names: BTreeSet<&str> = posts.iter().map(Post::local_part).collect();
    if posts.len() > LETTERS_MAX || names.len() != posts.len() { Err(DeliveryError::Letters) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tenancy::OutboxId;

    use super::*;
    use crate::letter::Letter;

    fn posts(references: impl Iterator<Item = usize>) -> Vec<Post> {
        let sender = Sender::new("no-reply@example.test").unwrap();
        let effect = OutboxId::random();
        references
            .map(|n| Letter::new("ann@example.test", "s", "b", &format!("{n}")).unwrap())
            .map(|letter| Post::new(&letter, &sender, effect, Timestamp::UNIX_EPOCH).unwrap())
            .collect()
    }

    #[test]
    fn letters_of_an_effect_are_bounded_and_told_apart() {
        assert!(check(&posts(0..LETTERS_MAX)).is_ok());
        assert_eq!(check(&posts(0..=LETTERS_MAX)).unwrap_err().code(), "letters");
        assert_eq!(check(&posts([1, 1].into_iter())).unwrap_err().code(), "letters");
        assert!(check(&[]).is_ok());
    }
}
