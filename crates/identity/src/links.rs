//! One-time links: a secret of 256 bits that signs in once, or turns an invitation into a person.

use jiff::Timestamp;
use tenancy::policy::{IssueLink, UseLink};
use tenancy::{Actor, LinkId, Mode, Permit, PersonId, ReadWrite, Record, Scope};
use zeroize::Zeroizing;

use crate::people::Profile;
use crate::sessions::{self, Method};
use crate::{Error, people, secret, statements};

/// Most links for one person within an hour, unless the operator issues them.
pub const LINKS_AN_HOUR: i64 = 3;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signs an active person in.
    SignIn,
    /// Makes an invited person active and signs them in.
    Invite,
}

impl Purpose {
    /// Seconds for which a link of this purpose counts: 20 minutes, 7 days.
    #[must_use]
    pub const fn life_s(self) -> u32 {
        match self {
            Self::SignIn => 20 * 60,
            Self::Invite => 7 * 24 * 3_600,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Invite => "invite",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::SignIn, Self::Invite].into_iter().find(|purpose| purpose.word() == word)
    }

    const fn state(self) -> &'static str {
        match self {
            Self::SignIn => "active",
            Self::Invite => "invited",
        }
    }
}

/// A link that still counts.
#[derive(Debug, Clone)]
pub struct Preview {
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it is for.
    pub person: PersonId,
    /// What they are called.
    pub name: String,
    /// Until when it counts.
    pub expires_at: Timestamp,
    id: LinkId,
    credential_epoch: i64,
}

/// Somebody who is signed in now, once the scope is committed.
#[derive(Debug)]
#[must_use = "the session is there once the scope is committed"]
pub struct SignedIn {
    /// Who.
    pub person: PersonId,
    /// The value of their cookie.
    pub cookie: Zeroizing<String>,
}

/// Issues a link to the permit's person and returns its secret, which is never to be had again.
///
/// # Errors
/// [`Error::NotActive`] when the person's state is not the one that the purpose is for; [`Error::TooManyLinks`];
/// [`Error::MayNotGrant`] for a sign-in link to somebody who holds more than the actor.
pub async fn issue(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<IssueLink>,
    purpose: Purpose,
) -> Result<Zeroizing<String>, Error> {
    let person = permit.target();
    let workspace = scope.workspace().uuid();
    let row = scope.one(&statements::PERSON_LOCK, &[&workspace, &person.uuid()]).await?;
    if row.get::<_, &str>(0) != purpose.state() {
        return Err(Error::NotActive);
    }
    let epoch: i64 = row.get(1);
    people::covers(scope, person).await?;
    if scope.actor() != Actor::Operator {
        if purpose == Purpose::SignIn && matches!(scope.via(), tenancy::Via::Token(_)) {
            // A token may do less than its person: it must not be able to turn into a session.
            return Err(Error::MayNotGrant);
        }
        let count: i64 = scope.one(&statements::LINK_COUNT, &[&workspace, &person.uuid()]).await?.get(0);
        if count >= LINKS_AN_HOUR {
            return Err(Error::TooManyLinks);
        }
    }
    let (text, hash) = secret::generate();
    let issued_by = scope.actor().person().map(PersonId::uuid);
    let id = LinkId::random();
    let record = Record::about(person.uuid()).with("link", id.to_string()).with("purpose", purpose.word());
    let mut writer = scope.write(permit, record)?;
    writer.insert(
        &statements::LINK_INSERT,
        vec![
            Box::new(workspace),
            Box::new(id.uuid()),
            Box::new(purpose.word()),
            Box::new(person.uuid()),
            Box::new(hash.to_vec()),
            Box::new(epoch),
            Box::new(issued_by),
            Box::new(f64::from(purpose.life_s())),
        ],
    );
    Ok(text)
}

/// What a link would do, without doing it: scanners and previews of mail programs only look.
///
/// # Errors
/// [`Error::LinkDead`].
pub async fn peek<M: Mode>(scope: &Scope<M>, secret: &str) -> Result<Preview, Error> {
    let hash = secret::hash_of(secret).ok_or(Error::LinkDead)?.to_vec();
    let row = scope.maybe(&statements::LINK_LOOK, &[&scope.workspace().uuid(), &hash]).await?;
    let row = row.ok_or(Error::LinkDead)?;
    let person = PersonId::from_uuid(row.get(2));
    Ok(Preview {
        id: LinkId::from_uuid(row.get(0)),
        purpose: Purpose::from_word(row.get(1)).ok_or(Error::LinkDead)?,
        person,
        credential_epoch: row.get(3),
        expires_at: row.get(4),
        name: Profile::open(scope.keys(), person, row.get(5))?.name,
    })
}

/// Uses a link: marks it, makes an invited person active, notes that the address reached them, opens a session. Of
/// two at once one wins.
///
/// # Errors
/// [`Error::LinkDead`].
pub async fn use_link(scope: &mut Scope<ReadWrite>, permit: Permit<UseLink>, secret: &str) -> Result<SignedIn, Error> {
    let found = peek(scope, secret).await?;
    let workspace = scope.workspace().uuid();
    let person = found.person;
    let row = scope.one(&statements::PERSON_LOCK, &[&workspace, &person.uuid()]).await?;
    let unchanged = row.get::<_, &str>(0) == found.purpose.state() && row.get::<_, i64>(1) == found.credential_epoch;
    if !unchanged {
        return Err(Error::LinkDead);
    }
    let method = match found.purpose {
        Purpose::SignIn => Method::Link,
        Purpose::Invite => Method::Invitation,
    };
    let session = sessions::issue_session(scope, person, found.credential_epoch, method)?;
    let record = Record::about(person.uuid())
        .of(person)
        .with("link", found.id.to_string())
        .with("purpose", found.purpose.word())
        .with("session", session.id().to_string());
    let mut writer = scope.write(permit, record)?;
    let used = writer.execute(&statements::LINK_USE, &[&workspace, &found.id.uuid(), &found.credential_epoch]).await?;
    if used != 1 {
        return Err(Error::LinkDead);
    }
    writer.execute_one(&statements::PERSON_VERIFIED, &[&workspace, &person.uuid()]).await?;
    Ok(SignedIn { person, cookie: session.keep(&mut writer) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_live_20_minutes_and_7_days() {
        assert_eq!(Purpose::SignIn.life_s(), 1_200);
        assert_eq!(Purpose::Invite.life_s(), 604_800);
        for purpose in [Purpose::SignIn, Purpose::Invite] {
            assert_eq!(Purpose::from_word(purpose.word()), Some(purpose));
        }
    }
}
