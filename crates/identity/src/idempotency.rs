//! Answers kept for a repeated `Idempotency-Key`: per person, for 24 hours, sealed, in the transaction of their act.

use seal::{Sealed, columns};
use tenancy::{PersonId, ReadWrite, Scope};

use crate::{Error, secret, statements};

/// Most characters of a key.
pub const KEY_CHARS_MAX: usize = 200;
/// Longest answer that is kept, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: do the act, then [`keep`] its answer.
    Fresh,
    /// The same call was answered already.
    Replay {
        /// HTTP status of the answer.
        status: u16,
        /// Body of the answer.
        body: Vec<u8>,
    },
    /// The key was used for a call with another body.
    Mismatch,
}

/// Looks a key up. Until the transaction ends, a second call with the same key waits here (at most the lock's time,
/// then [`tenancy::Error::Busy`]), so that two at once take effect once.
///
/// # Errors
/// [`Error::Invalid`] for a key of no or more than 200 characters, or others than printable ASCII.
pub async fn begin(scope: &mut Scope<ReadWrite>, key: &str, body_hash: [u8; 32]) -> Result<Known, Error> {
    let person = scope.person()?;
    check_key(key)?;
    let key_hash = seal::sha256(key.as_bytes());
    let row = row_of(person, &key_hash);
    let workspace = scope.workspace().uuid();
    scope.rows(&statements::LOCK_KEY, &[&workspace, &lock_number(&row)]).await?;
    let params: (_, _) = (person.uuid(), key_hash.to_vec());
    let found = scope.maybe(&statements::IDEMPOTENCY_LOOK, &[&workspace, &params.0, &params.1]).await?;
    let Some(found) = found else { return Ok(Known::Fresh) };
    if found.get::<_, &[u8]>(0) != body_hash {
        return Ok(Known::Mismatch);
    }
    let status = u16::try_from(found.get::<_, i16>(1)).map_err(|_| tenancy::Error::Row {
        table: "idempotency",
        column: "status",
        row: person.to_string(),
    })?;
    let body = scope.keys().open(row, &Sealed::<columns::IdempotencyResponse>::from_envelope(found.get(2)))?;
    Ok(Known::Replay { status, body })
}

/// Keeps an answer with the act that gave it: call it after the act and before the commit. Answers whose day is over
/// go on the way, at most 100.
///
/// # Errors
/// [`Error::AnswerTooLong`]; [`tenancy::Error::Integrity`] when the scope did no act.
pub async fn keep(
    scope: &mut Scope<ReadWrite>,
    key: &str,
    body_hash: [u8; 32],
    status: u16,
    body: &[u8],
) -> Result<(), Error> {
    let person = scope.person()?;
    check_key(key)?;
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Error::AnswerTooLong { size_bytes: body.len() });
    }
    let status = i16::try_from(status).map_err(|_| tenancy::Error::Integrity("an HTTP status has three digits"))?;
    let key_hash = seal::sha256(key.as_bytes());
    let sealed = scope.keys().seal::<columns::IdempotencyResponse>(row_of(person, &key_hash), &body.to_vec())?;
    let workspace = scope.workspace().uuid();
    let key_hash = key_hash.to_vec();
    let mut writer = scope.again()?;
    writer.execute(&statements::IDEMPOTENCY_EXPIRE, &[&workspace, &person.uuid(), &key_hash]).await?;
    writer.insert(
        &statements::IDEMPOTENCY_INSERT,
        vec![
            Box::new(workspace),
            Box::new(person.uuid()),
            Box::new(key_hash),
            Box::new(body_hash.to_vec()),
            Box::new(status),
            Box::new(sealed.into_bytes()),
        ],
    );
    Ok(())
}

fn check_key(key: &str) -> Result<(), Error> {
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(())
    } else {
        Err(Error::invalid("Idempotency-Key", format!("needs 1 to {KEY_CHARS_MAX} printable characters")))
    }
}

fn row_of(person: PersonId, key_hash: &[u8; 32]) -> [u8; 16] {
    secret::composite_row::<columns::IdempotencyResponse>(&[&person.bytes(), key_hash])
}

fn lock_number(row: &[u8; 16]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&row[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_held_at_their_bound_and_refused_past_it() {
        assert!(check_key("a").is_ok());
        assert!(check_key(&"a".repeat(KEY_CHARS_MAX)).is_ok());
        for wrong in ["", &"a".repeat(KEY_CHARS_MAX + 1), "a b", "\u{e9}", "a\n"] {
            assert!(check_key(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_same_key_of_two_people_is_two_rows() {
        let hash = seal::sha256(b"key");
        assert_ne!(row_of(PersonId::random(), &hash), row_of(PersonId::random(), &hash));
    }
}
