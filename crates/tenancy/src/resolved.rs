//! Who a credential is: the row of its look-up, read.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;

use crate::database::Seen;
use crate::policy::{Access, Action, AtomSet, Facts, Question, TokenScope, Verdict, judge};
use crate::{Actor, Credential, Internal, PersonId, SessionId, TokenId, Via};

/// Who a credential is, as its first round trip says.
pub(crate) struct Resolved {
    pub(crate) actor: Actor,
    pub(crate) via: Via,
    pub(crate) mask: AtomSet,
    pub(crate) now: Timestamp,
    pub(crate) epoch: i64,
    pub(crate) person_key_no: Option<u32>,
    pub(crate) seen: Option<Seen>,
}

/// A sign of life is written at most this often for a session.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// A token's use is noted once a minute.
const USE_NOTED_EVERY: SignedDuration = SignedDuration::from_secs(60);

impl Resolved {
    /// Nobody's person: a visitor, or one of ourselves.
    pub(crate) const fn internal(actor: Actor, now: Timestamp) -> Self {
        Self { actor, via: Via::Nothing, mask: AtomSet::EMPTY, now, epoch: 0, person_key_no: None, seen: None }
    }

    /// What the policy says to an act, for these facts and what reaches the actor.
    pub(crate) fn judge<A: Action>(&self, access: &Access, facts: Facts) -> Verdict {
        let Self { actor, mask, now, .. } = *self;
        judge(&Question { actor, access, mask, rule: A::RULE, internal: A::INTERNAL, facts, now })
    }

    /// Reads the first columns of a look-up's row; nothing when the credential does not count.
    pub(crate) fn from_row(credential: Credential, row: &Row) -> Option<Self> {
        match credential {
            Credential::Visitor | Credential::Internal(_) => {
                let now: Timestamp = row.get(0);
                let state: Option<&str> = row.get(1);
                match credential {
                    // A workspace's first act comes before its row.
                    Credential::Internal(Internal::Operator) => Some(Self::internal(Actor::Operator, now)),
                    Credential::Internal(Internal::Courier) => Some(Self::internal(Actor::Courier, now)),
                    Credential::Internal(Internal::Prober) => Some(Self::internal(Actor::Prober, now)),
                    Credential::Internal(Internal::Custodian) => Some(Self::internal(Actor::Custodian, now)),
                    Credential::Internal(Internal::Streamer) => Some(Self::internal(Actor::Streamer, now)),
                    Credential::Internal(Internal::Integrator) => Some(Self::internal(Actor::Integrator, now)),
                    _ if state == Some("active") => Some(Self::internal(Actor::Visitor, now)),
                    _ => None,
                }
            }
            Credential::Session(_) => {
                let id = SessionId::from_uuid(row.get(0));
                let now: Timestamp = row.get(4);
                let last_seen: Timestamp = row.get(5);
                Some(Self {
                    actor: Actor::Person(PersonId::from_uuid(row.get(1))),
                    via: Via::Session(id),
                    mask: AtomSet::all(),
                    now,
                    epoch: row.get(3),
                    person_key_no: u32::try_from(row.get::<_, i32>(2)).ok(),
                    seen: (now.duration_since(last_seen) > TOUCH_EVERY).then_some(Seen::Session(id)),
                })
            }
            Credential::Token(_) => Some(TokenKnown::from_row(row).resolved(row.get(4))),
        }
    }
}

/// What a token stands for, as of an access epoch.
#[derive(Debug, Clone)]
pub(crate) struct TokenKnown {
    id: TokenId,
    pub(crate) person: PersonId,
    pub(crate) epoch: i64,
    mask: AtomSet,
    person_key_no: Option<u32>,
    last_used: Option<Timestamp>,
    expires_at: Timestamp,
}

impl TokenKnown {
    /// Reads the row of a token's look-up.
    pub(crate) fn from_row(row: &Row) -> Self {
        let scopes: Vec<&str> = row.get(5);
        Self {
            id: TokenId::from_uuid(row.get(0)),
            person: PersonId::from_uuid(row.get(1)),
            person_key_no: u32::try_from(row.get::<_, i32>(2)).ok(),
            epoch: row.get(3),
            mask: scopes
                .iter()
                .filter_map(|scope| TokenScope::from_text(scope))
                .fold(AtomSet::EMPTY, |sum, scope| sum.union(scope.atoms())),
            last_used: row.get(6),
            expires_at: row.get(7),
        }
    }

    /// Whether it still counts, in the epoch and at the time that the database just said.
    pub(crate) fn counts(&self, epoch: i64, now: Timestamp) -> bool {
        self.epoch == epoch && now < self.expires_at
    }

    /// The same, used now.
    pub(crate) fn used(self, now: Timestamp) -> Self {
        Self { last_used: Some(now), ..self }
    }

    pub(crate) fn resolved(&self, now: Timestamp) -> Resolved {
        let is_noted = self.last_used.is_some_and(|last| now.duration_since(last) < USE_NOTED_EVERY);
        Resolved {
            actor: Actor::Person(self.person),
            via: Via::Token(self.id),
            mask: self.mask,
            now,
            epoch: self.epoch,
            person_key_no: self.person_key_no,
            seen: (!is_noted).then_some(Seen::Token(self.id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_token_counts_in_its_epoch_until_its_end() {
        let end = Timestamp::from_second(1_000_000).unwrap();
        let known = TokenKnown {
            id: TokenId::random(),
            person: PersonId::random(),
            epoch: 7,
            mask: AtomSet::EMPTY,
            person_key_no: None,
            last_used: None,
            expires_at: end,
        };
        let before = Timestamp::from_second(999_999).unwrap();
        assert!(known.counts(7, before));
        assert!(!known.counts(8, before) && !known.counts(6, before));
        assert!(!known.counts(7, end));
        assert!(known.resolved(before).seen.is_some());
        assert!(known.used(before).resolved(end).seen.is_none());
    }
}
