//! API tokens: `csk_`, 65 characters for workspace and secret, 6 characters of check sum; 75 in all.
//!
//! The characters are base 62 (`0-9A-Za-z`), most significant first. The 65 carry 48 bytes: the workspace's id and 32
//! random bytes. The 6 carry the CRC-32 (ISO 3309, as in gzip) of the 65, so that a scanner knows a token without
//! asking us, and a mistyped one costs no query. Stored is the SHA-256 of the whole text.

use jiff::Timestamp;
use seal::{Sealed, columns};
use tenancy::policy::{IssueToken, RevokeToken, SeeTokens, TokenScope};
use tenancy::{Mode, Permit, ReadWrite, Record, Scope, TokenId, WorkspaceId};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Error, people, statements};

/// What every token begins with.
pub const PREFIX: &str = "csk_";
/// Characters of a token.
pub const TOKEN_CHARS: usize = 75;
/// Longest life of a token, in days.
pub const DAYS_MAX: i32 = 365;
/// Life of a token when nobody says otherwise, in days.
pub const DAYS_DEFAULT: i32 = 90;
/// Most live tokens of one person.
pub const TOKENS_MAX: i64 = 50;
/// Most characters of a label.
pub const LABEL_CHARS_MAX: usize = 80;

const BODY_CHARS: usize = 65;
const CHECK_CHARS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a text is no token. Told to nobody outside: each of them is "sign in first".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not `csk_` and 71 characters of base 62.
    #[error("not the shape of a token")]
    Shape,
    /// The check sum is another one.
    #[error("the check sum does not fit")]
    CheckSum,
}

/// The layout of a token; holds nothing.
#[derive(Debug)]
pub enum ApiToken {}

impl ApiToken {
    /// Reads a token: its workspace, and the SHA-256 by which it is looked up. Costs no query.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(text: &str) -> Result<(WorkspaceId, [u8; 32]), TokenError> {
        let rest = text.strip_prefix(PREFIX).ok_or(TokenError::Shape)?;
        if text.len() != TOKEN_CHARS || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(TokenError::Shape);
        }
        let (body, check) = rest.split_at(BODY_CHARS);
        if from_base62::<4>(check) != Some(crc32(body.as_bytes()).to_be_bytes()) {
            return Err(TokenError::CheckSum);
        }
        let bytes = Zeroizing::new(from_base62::<48>(body).ok_or(TokenError::Shape)?);
        let mut workspace = [0; 16];
        workspace.copy_from_slice(&bytes[..16]);
        Ok((WorkspaceId::from_uuid(Uuid::from_bytes(workspace)), seal::sha256(text.as_bytes())))
    }

    /// A new token of a workspace.
    fn generate(workspace: WorkspaceId) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 48]);
        bytes[..16].copy_from_slice(&workspace.bytes());
        bytes[16..].copy_from_slice(Zeroizing::new(seal::random::<32>()).as_slice());
        let body = Zeroizing::new(to_base62(bytes.as_slice(), BODY_CHARS));
        let check = to_base62(&crc32(body.as_bytes()).to_be_bytes(), CHECK_CHARS);
        Zeroizing::new(format!("{PREFIX}{}{check}", *body))
    }
}

/// A live token, as its owner sees it.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// What its owner calls it.
    pub label: String,
    /// Names of its scopes.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The minute of its last use.
    pub last_used_at: Option<Timestamp>,
}

/// Issues a token to the permit's person and returns its text, which is never to be had again.
/// What it can do is the intersection of its scopes with what the person holds at the time of use.
///
/// # Errors
/// [`Error::Invalid`] for no scope, a label or a number of days out of bounds; [`Error::NotActive`];
/// the general failures of a statement.
pub async fn issue(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<IssueToken>,
    scopes: &[TokenScope],
    label: &str,
    days: i32,
) -> Result<Zeroizing<String>, Error> {
    let person = permit.target().0;
    let label = label.trim();
    if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
        return Err(Error::invalid("label", format!("needs 1 to {LABEL_CHARS_MAX} characters")));
    }
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Error::invalid("days", format!("must be 1 to {DAYS_MAX}")));
    }
    let names: Vec<String> =
        TokenScope::ALL.iter().filter(|known| scopes.contains(known)).map(|known| known.text().to_owned()).collect();
    if names.is_empty() {
        return Err(Error::invalid("scopes", "needs at least one scope"));
    }
    let workspace = scope.workspace();
    let epoch = people::active_epoch(scope, person).await?;
    let live: i64 = scope.one(&statements::TOKEN_COUNT, &[&workspace.uuid(), &person.uuid()]).await?.get(0);
    if live >= TOKENS_MAX {
        return Err(Error::invalid("tokens", format!("nobody has more than {TOKENS_MAX}; revoke one first")));
    }
    let id = TokenId::random();
    let text = ApiToken::generate(workspace);
    let sealed = scope.keys().seal::<columns::TokenLabel>(id.bytes(), &label.to_owned())?;
    let record =
        Record::about(person.uuid()).with("token", id.to_string()).with("scopes", names.join(" ")).with("days", days);
    let mut writer = scope.write(permit, record)?;
    writer.insert(
        &statements::TOKEN_INSERT,
        vec![
            Box::new(workspace.uuid()),
            Box::new(id.uuid()),
            Box::new(person.uuid()),
            Box::new(seal::sha256(text.as_bytes()).to_vec()),
            Box::new(names),
            Box::new(sealed.into_bytes()),
            Box::new(epoch),
            Box::new(days),
        ],
    );
    Ok(text)
}

/// The signed-in person's live tokens, newest first.
///
/// # Errors
/// [`tenancy::Error::Unauthenticated`] when nobody is signed in; the general failures of a query.
pub async fn list<M: Mode>(scope: &Scope<M>, _permit: Permit<SeeTokens>) -> Result<Vec<TokenRow>, Error> {
    let person = scope.person()?;
    let rows = scope.rows(&statements::TOKEN_LIST, &[&scope.workspace().uuid(), &person.uuid(), &TOKENS_MAX]).await?;
    rows.iter()
        .map(|row| {
            let id = TokenId::from_uuid(row.get(0));
            let label = scope.keys().open(id.bytes(), &Sealed::<columns::TokenLabel>::from_envelope(row.get(2)))?;
            Ok(TokenRow {
                id,
                label,
                scopes: row.get(1),
                created_at: row.get(3),
                expires_at: row.get(4),
                last_used_at: row.get(5),
            })
        })
        .collect()
}

/// Revokes a token of the permit's person; the next use of it is refused.
///
/// # Errors
/// [`tenancy::Error::NotFound`] when the person has no such live token.
pub async fn revoke(scope: &mut Scope<ReadWrite>, permit: Permit<RevokeToken>, token: TokenId) -> Result<(), Error> {
    let person = permit.target().0;
    let workspace = scope.workspace().uuid();
    let writer = scope.write(permit, Record::about(person.uuid()).with("token", token.to_string()))?;
    match writer.execute(&statements::TOKEN_REVOKE, &[&workspace, &token.uuid(), &person.uuid()]).await? {
        1 => Ok(()),
        _ => Err(tenancy::Error::NotFound.into()),
    }
}

/// Writes bytes as a number in base 62, most significant digit first, padded to `chars`.
fn to_base62(bytes: &[u8], chars: usize) -> String {
    let mut number = Zeroizing::new(bytes.to_vec());
    let mut digits = vec![DIGITS[0]; chars];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in number.iter_mut() {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).expect("a remainder below 62 leaves a quotient below 256");
            remainder = value % 62;
        }
        *digit = DIGITS[remainder as usize];
    }
    digits.into_iter().map(char::from).collect()
}

/// Digits of base 62 that fit a limb: `62^10 < 2^64`.
const DIGITS_OF_LIMB: usize = 10;

/// Reads a number in base 62 into `N` bytes, at most 64; nothing when it does not fit.
fn from_base62<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut limbs = Zeroizing::new([0_u64; 8]);
    for digits in text.as_bytes().chunks(DIGITS_OF_LIMB) {
        let (mut value, mut scale) = (0_u64, 1_u64);
        for digit in digits {
            value = value * 62 + digit_of(*digit)?;
            scale *= 62;
        }
        let mut carry = u128::from(value);
        for limb in limbs.iter_mut() {
            let product = u128::from(*limb) * u128::from(scale) + carry;
            *limb = (product & u128::from(u64::MAX)) as u64;
            carry = product >> 64;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut number = Zeroizing::new([0_u8; 64]);
    for (bytes, limb) in number.rchunks_mut(8).zip(limbs.iter()) {
        bytes.copy_from_slice(&limb.to_be_bytes());
    }
    let (high, low) = number.split_at(64 - N);
    high.iter().all(|byte| *byte == 0).then(|| low.try_into().expect("the rest has N bytes"))
}

fn digit_of(char: u8) -> Option<u64> {
    let digit = match char {
        b'0'..=b'9' => char - b'0',
        b'A'..=b'Z' => char - b'A' + 10,
        b'a'..=b'z' => char - b'a' + 36,
        _ => return None,
    };
    Some(u64::from(digit))
}

/// CRC-32 as in gzip and PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| CRC_TABLE[usize::from((sum as u8) ^ byte)] ^ (sum >> 8))
}

static CRC_TABLE: [u32; 256] = {
    let mut table = [0_u32; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = (byte as u32, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_token_has_75_characters_and_names_its_workspace() {
        for _ in 0..200 {
            let workspace = WorkspaceId::random();
            let token = ApiToken::generate(workspace);
            assert_eq!(token.len(), TOKEN_CHARS);
            assert_eq!(ApiToken::parse(&token), Ok((workspace, seal::sha256(token.as_bytes()))));
        }
    }

    #[test]
    fn every_single_wrong_character_is_seen_without_a_query() {
        let token = ApiToken::generate(WorkspaceId::random());
        for at in 0..TOKEN_CHARS {
            let mut wrong = token.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
            assert!(ApiToken::parse(std::str::from_utf8(&wrong).unwrap()).is_err(), "character {at}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let token = ApiToken::generate(WorkspaceId::random());
        assert_eq!(ApiToken::parse(&token[..74]), Err(TokenError::Shape));
        assert_eq!(ApiToken::parse(&format!("{}0", *token)), Err(TokenError::Shape));
        assert_eq!(ApiToken::parse(&token.replace("csk_", "CSK_")), Err(TokenError::Shape));
        assert_eq!(ApiToken::parse(""), Err(TokenError::Shape));
        assert_eq!(ApiToken::parse(&format!("csk_{}", "\u{e9}".repeat(35) + "a")), Err(TokenError::Shape));
    }

    #[test]
    fn the_largest_number_fits_and_one_more_does_not() {
        let largest = to_base62(&[0xff; 48], BODY_CHARS);
        assert_eq!(from_base62::<48>(&largest), Some([0xff; 48]));
        assert_eq!(from_base62::<48>(&"z".repeat(BODY_CHARS)), None);
        assert_eq!(to_base62(&[0; 48], BODY_CHARS), "0".repeat(BODY_CHARS));
    }
}
