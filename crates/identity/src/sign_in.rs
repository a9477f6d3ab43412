//! Signing in with an address and a password.
//!
//! Three steps: a look without a lock (who, which verifier, is there room for a failure), the hash without any
//! transaction, and one short transaction that says what came of it. Sign-ins of one account or one address wait for
//! each other in that last step, where the buckets are read again: however many guesses run at once, no more of them
//! are answered than the buckets hold. A refusal commits too: its record and the raised buckets.

use tenancy::policy::{RefuseSignIn, SignIn};
use tenancy::{Credential, Database, Mode, Origin, PersonId, ReadWrite, Record, Scope, Whole, WorkspaceId};
use zeroize::Zeroizing;

use crate::sessions::{self, Method};
use crate::throttle::{Bucket, LEAK_PER_S, wait_s};
use crate::{Email, Error, passwords, statements};

/// What came of it. An unknown address, a wrong password and a person who may not sign in are all `Refused`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Signed in: the value of the cookie.
    Session(Zeroizing<String>),
    /// Not signed in.
    Refused,
    /// Too many failures before it; the password was not judged.
    Throttled {
        /// Seconds after which another attempt is judged.
        retry_after_s: u64,
    },
}

/// Who an address belongs to, and their verifier as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    person: PersonId,
    sealed: Vec<u8>,
    params_level: i32,
}

/// Signs in, or refuses; either is committed when this returns.
///
/// # Errors
/// [`tenancy::Error::NotFound`] for an unknown workspace; [`tenancy::Error::Busy`] when too much waits already; the
/// general failures of a statement. None of them depends on the password.
pub async fn sign_in(
    database: &Database,
    workspace: WorkspaceId,
    origin: Origin,
    email: &str,
    password: Zeroizing<String>,
) -> Result<Outcome, Error> {
    let address = Email::parse(email).ok();
    let mut view = database.view(Credential::Visitor, workspace, origin.clone()).await?;
    drop(view.permit::<SignIn>(Whole).await?);
    let typed: String = address.as_ref().map_or_else(|| email.chars().take(254).collect(), |it| it.as_str().to_owned());
    let buckets = buckets(&view, &typed);
    let levels = levels(&view, &buckets).await?;
    if let Some(retry_after_s) = waiting(&buckets, levels) {
        return Ok(Outcome::Throttled { retry_after_s });
    }
    let found = find(&view, address.as_ref()).await?;
    let stored = match &found {
        Some(it) => Some((passwords::open(view.keys(), it.person, it.sealed.clone())?, it.params_level)),
        None => None,
    };
    view.finish();
    let checked = passwords::check(password, stored).await?;
    let scope = database.scope(Credential::Visitor, workspace, origin).await?;
    lock(&scope, &buckets).await?;
    let levels = self::levels(&scope, &buckets).await?;
    if let Some(retry_after_s) = waiting(&buckets, levels) {
        return Ok(Outcome::Throttled { retry_after_s });
    }
    // Whoever changed or ended the account while the hash ran comes first.
    let unchanged = find(&scope, address.as_ref()).await? == found;
    match &found {
        Some(found) if checked.is_right && unchanged => open(scope, &buckets, found.person, checked.upgraded).await,
        _ => refuse(scope, &buckets, levels, found.as_ref().map(|found| found.person)).await,
    }
}

async fn open(
    mut scope: Scope<ReadWrite>,
    buckets: &[Bucket; 2],
    person: PersonId,
    upgraded: Option<String>,
) -> Result<Outcome, Error> {
    let workspace = scope.workspace().uuid();
    let row = scope.one(&statements::PERSON_LOCK, &[&workspace, &person.uuid()]).await?;
    if row.get::<_, &str>(0) != "active" {
        let levels = levels(&scope, buckets).await?;
        return refuse(scope, buckets, levels, Some(person)).await;
    }
    let session = sessions::issue_session(&scope, person, row.get(1), Method::Password)?;
    let sealed = upgraded.map(|phc| passwords::seal_phc(scope.keys(), person, phc)).transpose()?;
    let permit = scope.permit::<SignIn>(Whole).await?;
    let record = Record::about(person.uuid())
        .of(person)
        .with("method", Method::Password.word())
        .with("session", session.id().to_string());
    let mut writer = scope.write(permit, record)?;
    // Success clears the account's failures, never the address's: somebody with an account of their own could
    // otherwise guess at the others without end.
    writer.execute(&statements::BUCKET_EMPTY, &[&workspace, &buckets[0].key.to_vec()]).await?;
    writer.execute_one(&statements::PERSON_SIGNED_IN, &[&workspace, &person.uuid()]).await?;
    if let Some(sealed) = sealed {
        let level = passwords::PARAMS_LEVEL;
        writer.execute_one(&statements::PASSWORD_UPGRADE, &[&workspace, &person.uuid(), &sealed, &level]).await?;
    }
    let cookie = session.keep(&mut writer);
    scope.commit().await.map(|_committed| Outcome::Session(cookie)).map_err(Error::from)
}

async fn refuse(
    mut scope: Scope<ReadWrite>,
    buckets: &[Bucket; 2],
    levels: [f64; 2],
    person: Option<PersonId>,
) -> Result<Outcome, Error> {
    let workspace = scope.workspace().uuid();
    let raised = levels.map(|level| level + 1.0);
    let fills = waiting(buckets, raised).is_some();
    let mut record = Record::default()
        .with("known", if person.is_some() { "yes" } else { "no" })
        .with("throttles", if fills { "yes" } else { "no" });
    record.target = person.map(PersonId::uuid);
    record.of = person;
    let permit = scope.permit::<RefuseSignIn>(Whole).await?;
    let writer = scope.write(permit, record)?;
    for (bucket, level) in buckets.iter().zip(raised) {
        writer.execute_one(&statements::BUCKET_SET, &[&workspace, &bucket.key.to_vec(), &level]).await?;
    }
    scope.commit().await.map(|_committed| Outcome::Refused).map_err(Error::from)
}

/// The account's bucket and the address's.
fn buckets<M: Mode>(scope: &Scope<M>, typed: &str) -> [Bucket; 2] {
    [Bucket::of_account(scope.keys(), typed), Bucket::of_address(scope.keys(), scope.origin().ip)]
}

/// Waits for sign-ins of the same buckets, in one order for everybody.
async fn lock(scope: &Scope<ReadWrite>, buckets: &[Bucket; 2]) -> Result<(), Error> {
    let mut numbers = buckets.each_ref().map(Bucket::lock_number);
    numbers.sort_unstable();
    for number in numbers {
        scope.rows(&statements::LOCK_KEY, &[&scope.workspace().uuid(), &number]).await?;
    }
    Ok(())
}

async fn levels<M: Mode>(scope: &Scope<M>, buckets: &[Bucket; 2]) -> Result<[f64; 2], Error> {
    let keys: Vec<Vec<u8>> = buckets.iter().map(|bucket| bucket.key.to_vec()).collect();
    let rows = scope.rows(&statements::BUCKETS_LOOK, &[&scope.workspace().uuid(), &keys, &LEAK_PER_S]).await?;
    let level = |bucket: &Bucket| {
        rows.iter().find(|row| row.get::<_, &[u8]>(0) == bucket.key).map_or(0.0, |row| row.get::<_, f64>(1))
    };
    Ok(buckets.each_ref().map(level))
}

/// Seconds until both buckets have room for a failure; nothing when they have it now.
fn waiting(buckets: &[Bucket; 2], levels: [f64; 2]) -> Option<u64> {
    let longest = buckets.iter().zip(levels).map(|(bucket, level)| wait_s(level, bucket.capacity)).max();
    longest.filter(|seconds| *seconds > 0)
}

async fn find<M: Mode>(scope: &Scope<M>, address: Option<&Email>) -> Result<Option<Found>, Error> {
    // A text that is no address asks too, so that it takes as long as one.
    let bidx = address.map_or_else(|| vec![0; 16], |address| address.blind(scope.keys()));
    let row = scope.maybe(&statements::PASSWORD_BY_EMAIL, &[&scope.workspace().uuid(), &bidx]).await?;
    Ok(row.map(|row| Found { person: PersonId::from_uuid(row.get(0)), sealed: row.get(1), params_level: row.get(2) }))
}
