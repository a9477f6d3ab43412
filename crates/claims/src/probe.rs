//! What a check is given: the public listener as a stranger sees it, the canaries, and the database's refusals.

use std::net::SocketAddr;
use std::sync::Arc;

use tenancy::Database;

use crate::canary::{Canary, Objects, Side};
use crate::registry::Outcome;

/// Everything that checks look at. Made once by the binary, which alone knows addresses and routes.
pub struct ProbeCtx {
    /// The database, by its own roles.
    pub db: Database,
    /// A client that trusts our certificate authority, follows no redirect, uses no proxy, gives up in bounded time.
    pub http: reqwest::Client,
    /// Scheme, host and port of the public TLS listener, without a slash at the end.
    pub https_base: String,
    /// Address of the same listener.
    pub https_addr: SocketAddr,
    /// Address of the plain listener, if there is one.
    pub plain_addr: Option<SocketAddr>,
    /// Why there may be a plain listener.
    pub plain_exception: PlainException,
    /// Every route of the running program.
    pub routes: &'static [RouteInfo],
    /// The two canary workspaces.
    pub canary: Canary,
    /// The newest lines of the program's own log.
    pub log_tail: Arc<dyn LogTail>,
    /// The certificate authority of the listener, in PEM.
    pub ca_pem: String,
}

/// Why a plain listener may exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainException {
    /// It is bound to this machine alone.
    LoopbackOnly,
    /// The operator states that a proxy in front speaks TLS.
    BehindStatedProxy,
}

/// One route of the running program, with the rule it was declared with.
#[derive(Debug, Clone, Copy)]
pub struct RouteInfo {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, with its parameters in braces: `/api/v1/requests/{id}`.
    pub path_template: &'static str,
    /// Who may use it.
    pub access: RouteAccess,
    /// A body that somebody with the right could send: JSON under `/api/`, a form elsewhere; empty for none. Words in
    /// double braces stand for canary values: `{{process}}`, `{{request}}`, `{{task}}`, `{{person}}`, `{{group}}`,
    /// `{{password}}`, `{{new_password}}`.
    pub body: &'static str,
}

/// The declared rule of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAccess {
    /// Everybody, signed in or not: pages of the installation itself.
    Open,
    /// Pages by which somebody signs in.
    Visitor,
    /// The act of the policy with this code, such as `request.see`.
    Act(&'static str),
}

/// The newest lines of the program's own log, kept by the binary.
pub trait LogTail: Send + Sync {
    /// What was counted since the start.
    fn counters(&self) -> LogCounters;
    /// Begins to look for texts: in the lines that are kept, and in every line from now on, however many there are.
    fn watch(&self, needles: &[&str]) -> Watch;
    /// Ends it; in how many lines each text stood.
    fn seen(&self, watch: Watch) -> Vec<usize>;
}

/// A search that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch(pub u64);

/// Counts of the log since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogCounters {
    /// Lines written.
    pub lines: u64,
    /// Lines with a field that is not in the list of fields that may be logged.
    pub lines_with_unknown_fields: u64,
}

/// Why a check could not be finished. The words are for the page: no address, id or secret stands in them.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The public listener did not answer in time.
    #[error("the public listener did not answer")]
    Listener,
    /// The public listener had no room for the request.
    #[error("the public listener was too busy to answer")]
    Busy,
    /// An answer was longer than a check reads.
    #[error("an answer was longer than {0} bytes")]
    AnswerTooLong(usize),
    /// The database did not answer as it must.
    #[error("the database could not be asked: {0}")]
    Database(#[from] tenancy::Error),
    /// Something of the running system could not be read.
    #[error("{0} could not be read")]
    Unreadable(&'static str),
    /// Something that the check needs is not there.
    #[error("{0}")]
    Missing(&'static str),
    /// The canary workspaces could not be prepared; what answered otherwise than it must.
    #[error("the canary workspaces are not ready: {0}")]
    Canary(String),
}

impl ProbeError {
    /// The outcome of a run that ended like this: never a pass.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        Outcome::unfinished(self.to_string())
    }
}

impl ProbeCtx {
    /// Both sides with their objects: the standard one first.
    pub(crate) fn sides(&self) -> Result<[(&Side, &Objects); 2], ProbeError> {
        let a = &self.canary.a;
        let b = &self.canary.b;
        Ok([(a, a.objects()?), (b, b.objects()?)])
    }

    /// The standard canary workspace with its objects.
    pub(crate) fn side_a(&self) -> Result<(&Side, &Objects), ProbeError> {
        Ok((&self.canary.a, self.canary.a.objects()?))
    }
}

impl std::fmt::Debug for ProbeCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProbeCtx({} routes)", self.routes.len())
    }
}
