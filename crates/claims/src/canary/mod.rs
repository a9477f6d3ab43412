//! The two canary workspaces: people, passwords, tokens and objects that checks may act with and ask for.
//!
//! They are ordinary workspaces. Nothing of them is stored apart: marker words, passwords and process keys are derived
//! from each workspace's own key, so that a restart finds them again and nobody else can know them.

mod furnish;
mod people;

use std::collections::BTreeMap;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use seal::WorkspaceKeys;
use tenancy::policy::{Access, HeldGrant, Role};
use tenancy::{CommentId, GroupId, PersonId, ProcessId, RecordId, RequestId, StreamId, TaskId, WorkspaceId};
use tokio::sync::Mutex;

use crate::ask::{Answer, Content, Who, form_value};
use crate::probe::{ProbeCtx, ProbeError};

pub(crate) use furnish::add_comment;
pub use people::prepare;

/// A session older than this is not used again.
const SESSION_AGE_MAX: Duration = Duration::from_secs(20 * 60);
/// Label of everything derived for the canaries.
const LABEL: &str = "countersign/canary/v1";

/// Slugs of the two canary workspaces.
pub const SLUGS: [&str; 2] = ["probe-a", "probe-b"];

/// What somebody of a canary workspace is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Owns the workspace.
    Owner,
    /// Administers it, and decides in the second process.
    Admin,
    /// Hands in the requests.
    Member,
    /// May do nothing.
    Viewer,
    /// May only submit, in the first process.
    Submitter,
    /// May only decide, in the first process.
    Approver,
    /// May only view reports, of the first process.
    Reporter,
    /// May only administer the first process.
    ProcessAdmin,
}

impl Part {
    /// Everybody.
    pub const ALL: &'static [Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Member,
        Self::Viewer,
        Self::Submitter,
        Self::Approver,
        Self::Reporter,
        Self::ProcessAdmin,
    ];
    /// Those who can sign in with a password.
    pub const WITH_PASSWORD: &'static [Self] = &[Self::Owner, Self::Member, Self::Viewer, Self::Approver];

    /// The word of the part, which begins its address.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.role().text()
    }
    /// The role that is granted.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Admin => Role::Admin,
            Self::Member => Role::Member,
            Self::Viewer => Role::Viewer,
            Self::Submitter => Role::Submitter,
            Self::Approver => Role::Approver,
            Self::Reporter => Role::Reporter,
            Self::ProcessAdmin => Role::ProcessAdmin,
        }
    }
    /// Whether the role is granted at the first process only.
    #[must_use]
    pub const fn is_at_process(self) -> bool {
        matches!(self, Self::Submitter | Self::Approver | Self::Reporter | Self::ProcessAdmin)
    }
    /// What reaches the person, as the policy sees it.
    #[must_use]
    pub fn access(self, first_process: ProcessId) -> Access {
        let process = self.is_at_process().then_some(first_process);
        Access { grants: vec![HeldGrant { role: self.role(), process, expires_at: None }] }
    }
}

/// Both canary workspaces.
#[derive(Debug)]
pub struct Canary {
    /// `probe-a`, on the standard plan.
    pub a: Side,
    /// `probe-b`, on the enterprise plan.
    pub b: Side,
}

/// One canary workspace.
pub struct Side {
    /// Its slug.
    pub slug: &'static str,
    /// Its id.
    pub workspace: WorkspaceId,
    /// A word that stands in everything made there and nowhere else.
    pub marker: String,
    /// Keys of its two processes, unlike those of any other workspace.
    pub process_keys: [String; 2],
    people: BTreeMap<Part, PersonId>,
    passwords: BTreeMap<Part, String>,
    tokens: RwLock<BTreeMap<Part, String>>,
    sessions: Mutex<BTreeMap<Part, (Instant, String)>>,
    objects: OnceLock<Objects>,
}

/// Things of a canary workspace that somebody else may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Objects {
    /// The two processes.
    pub processes: [ProcessId; 2],
    /// An open request of each process, by the member.
    pub requests: [RequestId; 2],
    /// Its open task: the approver's, the admin's.
    pub tasks: [TaskId; 2],
    /// A comment on the first request.
    pub comment: CommentId,
    /// A group.
    pub group: GroupId,
    /// A record of an act on the first request.
    pub record: RecordId,
    /// A stream of the trail, paused.
    pub stream: StreamId,
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Side({})", self.slug)
    }
}

impl Side {
    /// The objects, once they are there.
    ///
    /// # Errors
    /// [`ProbeError::Missing`] before they are.
    pub fn objects(&self) -> Result<&Objects, ProbeError> {
        self.objects.get().ok_or(ProbeError::Missing("the canary workspaces are still being prepared"))
    }

    /// Somebody's id.
    ///
    /// # Errors
    /// [`ProbeError::Missing`]; a prepared workspace has everybody.
    pub fn person(&self, part: Part) -> Result<PersonId, ProbeError> {
        self.people.get(&part).copied().ok_or(ProbeError::Missing("a canary person is missing"))
    }

    /// Somebody's API token, with every scope.
    ///
    /// # Errors
    /// As [`Side::person`].
    pub fn token(&self, part: Part) -> Result<String, ProbeError> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&part).cloned().ok_or(ProbeError::Missing("a canary token is missing"))
    }

    /// Somebody's address.
    #[must_use]
    pub fn email(&self, part: Part) -> String {
        people::email(self.slug, part)
    }

    /// Somebody's password.
    ///
    /// # Errors
    /// [`ProbeError::Missing`] for a part without one.
    pub fn password(&self, part: Part) -> Result<&str, ProbeError> {
        self.passwords.get(&part).map(String::as_str).ok_or(ProbeError::Missing("a canary person has no password"))
    }

    /// The Cookie header of somebody signed in, at most 20 minutes old.
    pub(crate) async fn session(&self, cx: &ProbeCtx, part: Part) -> Result<String, ProbeError> {
        let mut sessions = self.sessions.lock().await;
        if let Some((made, cookie)) = sessions.get(&part)
            && made.elapsed() < SESSION_AGE_MAX
        {
            return Ok(cookie.clone());
        }
        let lines = if self.passwords.contains_key(&part) {
            self.sign_in(cx, part).await?
        } else {
            self.by_link(cx, part).await?
        };
        let cookie = cookie_header(&lines);
        sessions.insert(part, (Instant::now(), cookie.clone()));
        Ok(cookie)
    }

    /// Signs in with the password over the public page; answers with the Set-Cookie lines.
    pub(crate) async fn sign_in(&self, cx: &ProbeCtx, part: Part) -> Result<Vec<String>, ProbeError> {
        let form = format!("email={}&password={}", form_value(&self.email(part)), form_value(self.password(part)?));
        let path = format!("/w/{}/sign-in", self.slug);
        let answer = cx.ask("POST", &path, Who::Nobody, Content::Form(form), &[]).await?;
        set_cookies(&answer)
    }

    /// Signs in with a one-time link over the public page, as those do who have no password.
    async fn by_link(&self, cx: &ProbeCtx, part: Part) -> Result<Vec<String>, ProbeError> {
        let secret = people::link(&cx.db, self.workspace, self.person(part)?).await?;
        let path = format!("/link/{}/{}", self.slug, *secret);
        let answer = cx.ask("POST", &path, Who::Nobody, Content::Form(String::new()), &[]).await?;
        set_cookies(&answer)
    }
}

/// The Set-Cookie lines of a sign-in that worked.
fn set_cookies(answer: &Answer) -> Result<Vec<String>, ProbeError> {
    let lines: Vec<String> =
        answer.header("set-cookie").map(|lines| lines.lines().map(str::to_owned).collect()).unwrap_or_default();
    if answer.status >= 400 || lines.is_empty() {
        return Err(ProbeError::Canary(format!("signing in answered {}", answer.status)));
    }
    Ok(lines)
}

/// The Cookie header a browser would make of Set-Cookie lines.
pub(crate) fn cookie_header(lines: &[String]) -> String {
    let pairs: Vec<&str> = lines.iter().filter_map(|line| line.split(';').next()).map(str::trim).collect();
    pairs.join("; ")
}

/// 26 letters and digits that belong to a workspace and a use, and to nobody who lacks its key.
fn derived(keys: &WorkspaceKeys, what: &str) -> String {
    let mac = keys.mac(LABEL, &[what.as_bytes()]);
    let mut text = String::with_capacity(26);
    for byte in &mac[..26] {
        // 32 signs, so that every byte maps evenly.
        text.push(char::from(b"abcdefghijkmnpqrstuvwxyz23456789"[usize::from(byte % 32)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_sent_back_without_their_attributes() {
        let lines = ["__Host-cs-1=abc; Path=/; Secure".to_owned(), "__Host-csd=x".to_owned()];
        assert_eq!(cookie_header(&lines), "__Host-cs-1=abc; __Host-csd=x");
    }

    #[test]
    fn every_part_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> = Part::ALL.iter().map(|part| part.word()).collect();
        assert_eq!(words.len(), Part::ALL.len());
    }

    #[test]
    fn a_grant_at_a_process_reaches_that_process_only() {
        let [first, second] = [ProcessId::random(), ProcessId::random()];
        let now = jiff::Timestamp::UNIX_EPOCH;
        let access = Part::Approver.access(first);
        assert!(access.at_process(first, now).has(tenancy::policy::Atom::RequestDecide));
        assert!(access.at_process(second, now).is_empty());
        assert!(access.in_workspace(now).is_empty());
    }
}
