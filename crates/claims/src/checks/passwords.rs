//! How passwords are stored, and that a common one is refused.

use std::collections::BTreeSet;

use seal::{Sealed, columns};

use super::{Found, Tally};
use crate::ask::{Content, Who, form_value};
use crate::canary::Part;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;
use crate::statements;

/// Passwords that every list of common ones has, long enough that length alone does not refuse them.
const COMMON: &[&str] = &["password1234", "123456789012", "qwertyuiop123", "iloveyou1234"];
/// Somebody who signs in by links only, and so may try to set a first password again and again.
const WITHOUT_PASSWORD: Part = Part::Reporter;
/// The floor: 19 MiB and two passes (OWASP Password Storage Cheat Sheet).
const MEMORY_KIB_MIN: u32 = 19_456;
const PASSES_MIN: u32 = 2;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let mut tally = Tally::default();
    let mut salts = BTreeSet::new();
    for side in [&cx.canary.a, &cx.canary.b] {
        let scope = cx.view(side.workspace).await?;
        let rows = scope.rows(&statements::PASSWORDS_STORED, &[&side.workspace.uuid()]).await?;
        for row in &rows {
            let person = *row.get::<_, uuid::Uuid>(0).as_bytes();
            let sealed = Sealed::<columns::PasswordPhc>::from_envelope(row.get(2));
            let verifier = scope.keys().open(person, &sealed).ok();
            let stored = verifier.as_deref().and_then(Stored::of);
            let strong = stored.as_ref().is_some_and(Stored::is_strong);
            tally.count(format!("{}, a verifier", side.slug), Found::right_if(strong));
            let own_salt = stored.is_some_and(|stored| salts.insert(stored.salt));
            tally.count(format!("{}, a salt of its own", side.slug), Found::right_if(own_salt));
        }
        scope.finish();
    }
    common_refused(cx, &mut tally).await?;
    Ok(tally.outcome("verifiers are strong and common passwords are refused"))
}

/// Tries to set common passwords through the page that sets a first one, as somebody who has none.
async fn common_refused(cx: &ProbeCtx, tally: &mut Tally) -> Result<(), ProbeError> {
    let side = &cx.canary.a;
    let session = side.session(cx, WITHOUT_PASSWORD).await?;
    let path = format!("/w/{}/welcome", side.slug);
    let page = cx.get(&path, Who::Session(&session)).await?;
    tally.count("the page that sets a first password", Found::right_if(page.status == 200));
    for (n, common) in COMMON.iter().enumerate() {
        let word = form_value(common);
        let form = Content::Form(format!("name=&password={word}&password_again={word}"));
        let answer = cx.ask("POST", &path, Who::Session(&session), form, &[]).await?;
        tally.count(format!("a common password, number {}, refused", n + 1), Found::right_if(answer.status == 422));
    }
    Ok(())
}

/// A verifier in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Debug)]
struct Stored {
    memory_kib: u32,
    passes: u32,
    salt: String,
    has_hash: bool,
}

impl Stored {
    fn of(phc: &str) -> Option<Self> {
        let rest = phc.strip_prefix("$argon2id$")?;
        let rest = rest.strip_prefix("v=19$")?;
        let mut parts = rest.split('$');
        let (parameters, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let number = |name: &str| {
            parameters.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u32>().ok())
        };
        Some(Self { memory_kib: number("m")?, passes: number("t")?, salt: salt.to_owned(), has_hash: hash.len() >= 22 })
    }

    /// At or above the floor, with a salt of at least 16 bytes.
    fn is_strong(&self) -> bool {
        self.memory_kib >= MEMORY_KIB_MIN && self.passes >= PASSES_MIN && self.salt.len() >= 22 && self.has_hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_verifier_is_judged_by_its_parameters() {
        assert!(Stored::of(GOOD).unwrap().is_strong());
        assert!(!Stored::of(&GOOD.replace("m=19456", "m=19455")).unwrap().is_strong());
        assert!(!Stored::of(&GOOD.replace("t=2", "t=1")).unwrap().is_strong());
        assert!(!Stored::of(&GOOD.replace("c29tZXNhbHRzb21lc2FsdA", "c29t")).unwrap().is_strong());
        assert!(Stored::of(&GOOD.replace("argon2id", "argon2i")).is_none());
        assert!(Stored::of("$2b$12$abc").is_none());
        assert!(Stored::of("plain").is_none());
    }
}
