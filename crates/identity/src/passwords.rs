//! Passwords: Argon2id, sealed, hashed outside of transactions and off the async threads.
//!
//! At most as many hashes run at once as the machine has cores and at most 32 wait; past that the answer is "busy",
//! so a flood of sign-ins costs neither the memory of thousands of hashes nor anybody's database connection.

use std::sync::{Arc, LazyLock};

use argon2::Params;
use argon2::password_hash::PasswordHasher as _;
use seal::{Sealed, WorkspaceKeys, columns};
use tenancy::faults;
use tenancy::policy::SetPassword;
use tenancy::{Mode, Permit, PersonId, ReadWrite, Record, Scope, SessionId, Via};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::hashing::Hasher;
use crate::people::Profile;
use crate::{Error, statements, strength};

/// Which parameters a verifier was made with. Level 1 is Argon2id with 19 MiB, 2 passes, 1 lane (OWASP's first
/// choice). Raise it with the parameters: verifiers of a lower level are made anew at their next sign-in.
pub const PARAMS_LEVEL: i32 = 1;
/// Memory of one hash in KiB.
pub const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
pub const PASSES: u32 = 2;
/// Lanes.
pub const LANES: u32 = 1;
/// Hashes that may wait for a core.
pub const WAITING_MAX: usize = 32;

static HASHES: LazyLock<Queue> =
    LazyLock::new(|| Queue::new(std::thread::available_parallelism().map_or(1, usize::from), WAITING_MAX));
/// Verified in place of one that is not there, so that an unknown address takes as long as a known one.
static DUMMY: LazyLock<String> = LazyLock::new(|| hash(&data_encoding::HEXLOWER.encode(&seal::random::<16>())));

/// What is known of a password before it is set: whose, the words near it, the one it replaces.
pub struct Choosing {
    person: PersonId,
    words: Vec<String>,
    current: Option<String>,
}

/// A verifier that is ready to be stored.
pub struct NewPassword {
    person: PersonId,
    phc: String,
}

impl std::fmt::Debug for Choosing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Choosing({})", self.person)
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPassword({})", self.person)
    }
}

/// Gathers what choosing a password of the signed-in person needs. End the scope before [`Choosing::choose`].
///
/// # Errors
/// [`tenancy::Error::Unauthenticated`] when nobody is signed in; the general failures of a query.
pub async fn choosing<M: Mode>(scope: &Scope<M>, slug: &str) -> Result<Choosing, Error> {
    let person = scope.person()?;
    let row = scope.one(&statements::PASSWORD_CONTEXT, &[&scope.workspace().uuid(), &person.uuid()]).await?;
    let profile = Profile::open(scope.keys(), person, row.get(0))?;
    let name = Sealed::<columns::WorkspaceName>::from_envelope(row.get(1));
    let name = scope.keys().open(scope.workspace().bytes(), &name)?;
    let current = row.get::<_, Option<Vec<u8>>>(2).map(|sealed| open(scope.keys(), person, sealed)).transpose()?;
    Ok(Choosing { person, words: vec![slug.to_owned(), name, profile.name, profile.email], current })
}

impl Choosing {
    /// Whether there is a password already, which must then be given.
    #[must_use]
    pub const fn replaces_one(&self) -> bool {
        self.current.is_some()
    }

    /// Checks the password that is replaced and the new one, and hashes.
    ///
    /// # Errors
    /// [`Error::WrongPassword`]; [`Error::Invalid`] with what is wrong with the new one; [`tenancy::Error::Busy`].
    pub async fn choose(
        self,
        current: Option<Zeroizing<String>>,
        new: Zeroizing<String>,
    ) -> Result<NewPassword, Error> {
        let work = move || {
            if let Some(phc) = &self.current {
                let given = current.as_deref().and_then(|given| strength::normal(given));
                if !given.is_some_and(|given| verify(&given, phc)) {
                    return Err(Error::WrongPassword);
                }
            }
            let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
            let normal = strength::check(&new, &words)?;
            Ok(NewPassword { person: self.person, phc: hash(&normal) })
        };
        HASHES.run(work).await?
    }
}

/// Sets the permit's person's password and ends their other sessions.
///
/// # Errors
/// [`tenancy::Error::Integrity`] when the password was chosen by somebody else; the general failures of a statement.
pub async fn set(scope: &mut Scope<ReadWrite>, permit: Permit<SetPassword>, new: NewPassword) -> Result<(), Error> {
    let person = permit.target().0;
    if person != new.person {
        return Err(tenancy::Error::Integrity("a password was chosen by somebody else").into());
    }
    let workspace = scope.workspace().uuid();
    let own_session = match scope.via() {
        Via::Session(session) => Some(SessionId::uuid(session)),
        Via::Token(_) | Via::Nothing => None,
    };
    let sealed = seal_phc(scope.keys(), person, new.phc)?;
    let writer = scope.write(permit, Record::about(person.uuid()))?;
    let person = person.uuid();
    writer.execute_one(&statements::PASSWORD_SET, &[&workspace, &person, &sealed, &PARAMS_LEVEL]).await?;
    writer.execute(&statements::SESSIONS_END_OF, &[&workspace, &person, &"password_changed", &own_session]).await?;
    Ok(())
}

pub(crate) fn seal_phc(keys: &WorkspaceKeys, person: PersonId, phc: String) -> Result<Vec<u8>, Error> {
    Ok(keys.seal::<columns::PasswordPhc>(person.bytes(), &phc)?.into_bytes())
}

pub(crate) fn open(keys: &WorkspaceKeys, person: PersonId, sealed: Vec<u8>) -> Result<String, Error> {
    Ok(keys.open(person.bytes(), &Sealed::<columns::PasswordPhc>::from_envelope(sealed))?)
}

/// What checking a password found.
pub(crate) struct Checked {
    pub(crate) is_right: bool,
    /// A verifier of the present level, where the stored one was of a lower level and the password right.
    pub(crate) upgraded: Option<String>,
}

/// Checks a password against a stored verifier and its level, or against nothing for as long.
///
/// # Errors
/// [`tenancy::Error::Busy`].
pub(crate) async fn check(password: Zeroizing<String>, stored: Option<(String, i32)>) -> Result<Checked, Error> {
    let work = move || {
        let normal = strength::normal(&password);
        let phc = stored.as_ref().map_or(DUMMY.as_str(), |(phc, _)| phc);
        let fits = verify(normal.as_deref().map_or("", String::as_str), phc);
        let is_right = fits && stored.is_some() && normal.is_some();
        let outdated = stored.is_some_and(|(_, level)| level < PARAMS_LEVEL);
        let upgraded = normal.filter(|_| is_right && outdated).map(|normal| hash(&normal));
        Checked { is_right, upgraded }
    };
    HASHES.run(work).await
}

/// Bounds how much slow work runs and waits at once.
struct Queue {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Queue {
    fn new(running_max: usize, waiting_max: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(running_max)),
            admitted: Arc::new(Semaphore::new(running_max + waiting_max)),
        }
    }

    /// Runs slow work off the async threads when it is its turn.
    async fn run<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let place = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| tenancy::Error::Busy)?;
        let core = Arc::clone(&self.running).acquire_owned().await.map_err(|_| tenancy::Error::Unavailable)?;
        // Both go with the work: a caller that went away does not make room for another hash while this one runs.
        let work = move || {
            let outcome = act();
            drop((place, core));
            outcome
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| tenancy::Error::Unavailable.into())
    }
}

fn hasher() -> Hasher {
    let memory_kib = if faults::on("weak-password-hash") { Params::MIN_M_COST } else { MEMORY_KIB };
    Hasher(Params::new(memory_kib, PASSES, LANES, None).expect("the parameters are within Argon2's bounds"))
}

fn hash(normal: &str) -> String {
    let salt = seal::random::<16>();
    let made = hasher().hash_password_with_salt(normal.as_bytes(), &salt);
    made.expect("salt and parameters are within bounds").to_string()
}

fn verify(normal: &str, phc: &str) -> bool {
    hasher().fits(normal.as_bytes(), phc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_has_at_least_the_floor_of_the_standard() {
        let phc = hash("quartz saddle timber");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let parts: Vec<&str> = phc.split('$').collect();
        assert_eq!(data_encoding::BASE64_NOPAD.decode(parts[4].as_bytes()).unwrap().len(), 16);
        assert_eq!(data_encoding::BASE64_NOPAD.decode(parts[5].as_bytes()).unwrap().len(), 32);
        assert!(verify("quartz saddle timber", &phc));
        assert!(!verify("quartz saddle timbeR", &phc));
        assert!(!verify("", &phc));
        assert_ne!(hash("quartz saddle timber"), phc, "a new salt each time");
    }

    #[test]
    fn a_verifier_of_another_maker_is_read() {
        // From the reference implementation's own tests: password "password", salt "somesalt".
        let known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify("password", known));
        assert!(!verify("passwore", known));
    }

    #[tokio::test]
    async fn a_lower_level_is_hashed_anew_only_for_the_right_password() {
        let weak = Hasher(Params::new(8, 1, 1, None).unwrap());
        let made = weak.hash_password_with_salt("n\u{e9}w".as_bytes(), &[1; 16]).unwrap();
        let stored = || Some((made.to_string(), PARAMS_LEVEL - 1));
        let right = check(Zeroizing::new("ne\u{301}w".to_owned()), stored()).await.unwrap();
        assert!(right.is_right);
        assert!(right.upgraded.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let wrong = check(Zeroizing::new("new".to_owned()), stored()).await.unwrap();
        assert!(!wrong.is_right && wrong.upgraded.is_none());
        let current =
            check(Zeroizing::new("n\u{e9}w".to_owned()), Some((made.to_string(), PARAMS_LEVEL))).await.unwrap();
        assert!(current.is_right && current.upgraded.is_none());
    }

    #[tokio::test]
    async fn nobody_and_nothing_is_never_right() {
        assert!(!check(Zeroizing::new(String::new()), None).await.unwrap().is_right);
        let stored = Some((hash(""), PARAMS_LEVEL));
        let too_long = Zeroizing::new("x".repeat(strength::CHARS_MAX + 1));
        assert!(!check(too_long, stored).await.unwrap().is_right, "a text too long is not the empty text");
    }

    #[tokio::test]
    async fn the_queue_takes_its_bound_and_answers_busy_past_it() {
        let queue = Arc::new(Queue::new(1, 2));
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let mut admitted = Vec::new();
        for _ in 0..3 {
            let (queue, gate) = (Arc::clone(&queue), Arc::clone(&gate));
            admitted.push(tokio::spawn(async move { queue.run(move || gate.lock().unwrap().recv().unwrap()).await }));
        }
        while queue.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let past = queue.run(|| ()).await;
        assert!(matches!(past, Err(Error::Tenancy(tenancy::Error::Busy))), "one running, two waiting, no fourth");
        for _ in 0..3 {
            release.send(()).unwrap();
        }
        for one in admitted {
            one.await.unwrap().unwrap();
        }
        assert!(queue.run(|| ()).await.is_ok(), "there is room again");
    }
}
