//! Sessions: an opaque token of 256 bits in a cookie, its SHA-256 in the database, read at every request.
//!
//! The cookie's value is `<token>.<tag>` in base64url, where the tag is an HMAC of the token under the workspace's
//! signing key, cut to 16 bytes: a forged cookie costs no query. The cookie is `Secure` always. Browsers take a
//! secure cookie from an address that cannot be overheard, which `http://localhost` and `http://127.0.0.1` are to
//! Chromium (89 on) and Firefox (75 on); a browser that does not needs the HTTPS listener.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use seal::{Sealed, WorkspaceKeys, columns};
use tenancy::policy::{SeeTokens, SignOut};
use tenancy::{Mode, Param, Permit, PersonId, ReadWrite, Record, Scope, SessionId, Via, WorkspaceId, Writer};
use zeroize::Zeroizing;

use crate::{Error, secret, statements};

/// Seconds without a request after which a session is over.
pub const IDLE_S: i32 = 3_600;
/// Seconds after its beginning at which a session is over, whatever happens.
pub const ABSOLUTE_S: u32 = 12 * 3_600;
/// Most sessions that a list shows.
const LIST_MAX: i64 = 100;
/// Label of the cookie's tag.
const TAG_LABEL: &str = "countersign/session/v1";
/// Bytes of the cookie's tag.
const TAG_BYTES: usize = 16;

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With a password.
    Password,
    /// With a one-time link.
    Link,
    /// With an invitation.
    Invitation,
}

impl Method {
    /// The word that rows and records carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Link => "link",
            Self::Invitation => "invitation",
        }
    }
}

/// A session that is about to exist: all of it, but for the row.
#[must_use = "a session is there once it is kept"]
pub struct NewSession {
    id: SessionId,
    cookie: Zeroizing<String>,
    row: Vec<Param>,
    seen: Vec<Param>,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSession({})", self.id)
    }
}

/// Makes a session for a person whose row is locked and whose credential epoch was read under that lock. The one
/// function where sessions are born; the token is new each time.
///
/// # Errors
/// The failures of sealing.
pub(crate) fn issue_session(
    scope: &Scope<ReadWrite>,
    person: PersonId,
    credential_epoch: i64,
    method: Method,
) -> Result<NewSession, Error> {
    let id = SessionId::random();
    let workspace = scope.workspace();
    let token = Zeroizing::new(seal::random::<32>());
    let ip = scope.origin().ip.map_or_else(|| "internal".to_owned(), |ip| ip.to_string());
    let ip = scope.keys().seal::<columns::SessionIp>(id.bytes(), &ip)?;
    let device = scope.keys().seal::<columns::SessionUserAgent>(id.bytes(), &scope.origin().device)?;
    Ok(NewSession {
        id,
        cookie: cookie_value(scope.keys(), &token),
        row: vec![
            Box::new(workspace.uuid()),
            Box::new(id.uuid()),
            Box::new(person.uuid()),
            Box::new(seal::sha256(token.as_slice()).to_vec()),
            Box::new(method.word()),
            Box::new(credential_epoch),
            Box::new(f64::from(ABSOLUTE_S)),
            Box::new(IDLE_S),
            Box::new(ip.into_bytes()),
            Box::new(device.into_bytes()),
        ],
        seen: vec![Box::new(workspace.uuid()), Box::new(id.uuid())],
    })
}

impl NewSession {
    /// The session's id, for the record.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Queues the rows with the act that opens the session, and gives the cookie's value out.
    pub(crate) fn keep(self, writer: &mut Writer<'_>) -> Zeroizing<String> {
        writer.insert(&statements::SESSION_INSERT, self.row);
        writer.insert(&statements::SESSION_SEEN_INSERT, self.seen);
        self.cookie
    }
}

/// Name of the cookie of a workspace: two workspaces on one host do not sign each other out.
#[must_use]
pub fn cookie_name(workspace: WorkspaceId) -> String {
    let hex = workspace.uuid().simple().to_string();
    format!("__Host-cs-{}", &hex[hex.len() - 12..])
}

/// The `Set-Cookie` header that gives a session to a browser. It lives as long as the browser does: the server
/// decides when it is over.
#[must_use]
pub fn set_cookie(workspace: WorkspaceId, value: &str) -> String {
    let line = format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Strict", cookie_name(workspace));
    if tenancy::faults::on("cookie-without-secure") { line.replace("; Secure", "") } else { line }
}

/// The `Set-Cookie` header that takes it away.
#[must_use]
pub fn clear_cookie(workspace: WorkspaceId) -> String {
    format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict", cookie_name(workspace))
}

fn cookie_value(keys: &WorkspaceKeys, token: &[u8; 32]) -> Zeroizing<String> {
    let tag = BASE64URL_NOPAD.encode(&tag(keys, token));
    let token = Zeroizing::new(BASE64URL_NOPAD.encode(token));
    Zeroizing::new(format!("{}.{tag}", *token))
}

fn tag(keys: &WorkspaceKeys, token: &[u8]) -> [u8; TAG_BYTES] {
    secret::first_16(&keys.mac(TAG_LABEL, &[&keys.workspace(), token]))
}

/// The SHA-256 by which a cookie's session is looked up; nothing when the value was not made by us for this workspace.
#[must_use]
pub fn parse_cookie(keys: &WorkspaceKeys, value: &str) -> Option<[u8; 32]> {
    let (token, given) = value.split_once('.')?;
    if token.len() != 43 || given.len() != 22 {
        return None;
    }
    let token = Zeroizing::new(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?);
    let given = BASE64URL_NOPAD.decode(given.as_bytes()).ok()?;
    seal::constant_time_eq(&tag(keys, &token), &given).then(|| seal::sha256(&token))
}

/// Ends the session that the scope was opened with.
///
/// # Errors
/// [`tenancy::Error::NotFound`] when it was opened with something else.
pub async fn end_session(scope: &mut Scope<ReadWrite>, permit: Permit<SignOut>) -> Result<(), Error> {
    let Via::Session(session) = scope.via() else {
        return Err(tenancy::Error::NotFound.into());
    };
    end(scope, permit, session).await
}

/// Ends one of the signed-in person's own sessions; the next request with it is refused.
///
/// # Errors
/// [`tenancy::Error::NotFound`] when the person has no such live session.
pub async fn end(scope: &mut Scope<ReadWrite>, permit: Permit<SignOut>, session: SessionId) -> Result<(), Error> {
    let person = scope.person()?;
    let workspace = scope.workspace().uuid();
    let writer = scope.write(permit, Record::about(person.uuid()).with("session", session.to_string()))?;
    let ended =
        writer.execute(&statements::SESSION_END, &[&workspace, &session.uuid(), &person.uuid(), &"signed_out"]).await?;
    if ended == 1 { Ok(()) } else { Err(tenancy::Error::NotFound.into()) }
}

/// A live session, as its owner sees it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// How it was opened: `password`, `link` or `invitation`.
    pub method: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to about 20 s.
    pub last_seen_at: Timestamp,
    /// The address it was opened from.
    pub ip: String,
    /// The browser's own description.
    pub device: String,
}

/// The signed-in person's live sessions, newest first, at most 100.
///
/// # Errors
/// [`tenancy::Error::Unauthenticated`] when nobody is signed in; the general failures of a query.
pub async fn list<M: Mode>(scope: &Scope<M>, _permit: Permit<SeeTokens>) -> Result<Vec<SessionRow>, Error> {
    let person = scope.person()?;
    let rows = scope.rows(&statements::SESSION_LIST, &[&scope.workspace().uuid(), &person.uuid(), &LIST_MAX]).await?;
    let unreadable = |id: SessionId, column| tenancy::Error::Row { table: "session", column, row: id.to_string() };
    rows.iter()
        .map(|row| {
            let id = SessionId::from_uuid(row.get(0));
            let ip: Vec<u8> = row.get::<_, Option<_>>(4).ok_or_else(|| unreadable(id, "ip"))?;
            let device: Vec<u8> = row.get::<_, Option<_>>(5).ok_or_else(|| unreadable(id, "user_agent"))?;
            Ok(SessionRow {
                id,
                method: row.get(1),
                created_at: row.get(2),
                last_seen_at: row.get(3),
                ip: scope.keys().open(id.bytes(), &Sealed::<columns::SessionIp>::from_envelope(ip))?,
                device: scope.keys().open(id.bytes(), &Sealed::<columns::SessionUserAgent>::from_envelope(device))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, std::sync::Arc<WorkspaceKeys>, std::sync::Arc<WorkspaceKeys>) {
        let dir = tempfile::tempdir().unwrap();
        let vault = seal::Vault::open_local(&dir.path().join("keys")).unwrap();
        let one = vault.create_workspace(WorkspaceId::random().bytes()).unwrap();
        let other = vault.create_workspace(WorkspaceId::random().bytes()).unwrap();
        (dir, one, other)
    }

    #[test]
    fn a_cookie_of_ours_is_read_and_any_altered_one_is_not() {
        let (_dir, keys, other) = keys();
        let token = [7; 32];
        let value = cookie_value(&keys, &token);
        assert_eq!(value.len(), 66);
        assert_eq!(parse_cookie(&keys, &value), Some(seal::sha256(&token)));
        assert_eq!(parse_cookie(&other, &value), None, "another workspace's key");
        for at in 0..value.len() {
            let mut wrong = value.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(parse_cookie(&keys, std::str::from_utf8(&wrong).unwrap()), None, "character {at}");
        }
        for wrong in ["", ".", &value[..65], &format!("{}A", *value), &value[..43]] {
            assert_eq!(parse_cookie(&keys, wrong), None);
        }
    }

    #[test]
    fn the_cookie_is_named_after_its_workspace_and_carries_every_attribute() {
        let workspace: WorkspaceId = "0b5a3c9e-0000-4000-8000-0123456789ab".parse().unwrap();
        assert_eq!(cookie_name(workspace), "__Host-cs-0123456789ab");
        for header in [set_cookie(workspace, "v"), clear_cookie(workspace)] {
            for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
                assert!(header.contains(attribute), "{header}");
            }
            assert!(!header.contains("Domain"), "a __Host- cookie names no domain");
        }
    }
}
