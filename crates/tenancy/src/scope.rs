//! A scope: one transaction, one workspace, one actor.

use std::marker::PhantomData;
use std::sync::Arc;

use deadpool_postgres::Object;
use futures_util::FutureExt as _;
use futures_util::future::join;
use jiff::Timestamp;
use seal::WorkspaceKeys;
use tokio_postgres::Row;

use crate::database::{self, Database, Params};
use crate::policy::{Access, Action, AtomSet, Facts, HeldGrant, Role, Verdict};
use crate::record::Entry;
use crate::resolved::{Resolved, TokenKnown};
use crate::sql::Sql;
use crate::targets::Target;
use crate::write::Effect;
use crate::{Actor, Credential, Error, Internal, Origin, PersonId, ProcessId, Via, WorkspaceId, faults, statements};

/// A scope that reads: a `READ ONLY` transaction, so PostgreSQL refuses what the types missed.
#[derive(Debug)]
pub struct ReadOnly;
/// A scope that may write, once it holds a permit.
#[derive(Debug)]
pub struct ReadWrite;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ReadOnly {}
    impl Sealed for super::ReadWrite {}
}

/// Reading or writing; there are no other modes.
pub trait Mode: sealed::Sealed + Send + Sync {
    /// How the transaction begins.
    const BEGIN: &'static str;
    /// Whether permits lock.
    const LOCKS: Locks;
}

impl Mode for ReadOnly {
    const BEGIN: &'static str = "BEGIN READ ONLY";
    const LOCKS: Locks = Locks::None;
}

impl Mode for ReadWrite {
    const BEGIN: &'static str = "BEGIN";
    const LOCKS: Locks = Locks::Target;
}

/// Whether a permit locks its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locks {
    /// It does not: nothing will be written.
    None,
    /// It does, before it decides.
    Target,
}

/// The right to do one act to one target, used up by the act. It cannot be made, copied or kept.
///
/// ```compile_fail
/// fn twice(permit: tenancy::Permit<tenancy::policy::SeeHome>) -> [tenancy::Permit<tenancy::policy::SeeHome>; 2] {
///     [permit.clone(), permit]
/// }
/// ```
/// Its twin compiles:
/// ```
/// fn once(permit: tenancy::Permit<tenancy::policy::SeeHome>) -> [tenancy::Permit<tenancy::policy::SeeHome>; 1] {
///     [permit]
/// }
/// ```
/// It cannot be forged:
/// ```compile_fail
/// let permit: tenancy::Permit<tenancy::policy::SeeHome> = tenancy::Permit { scope: 1 };
/// ```
/// Nor stand in for another act's:
/// ```compile_fail
/// fn other(permit: tenancy::Permit<tenancy::policy::SeeHome>) -> tenancy::Permit<tenancy::policy::ApproveTask> {
///     permit
/// }
/// ```
/// ```
/// fn same(permit: tenancy::Permit<tenancy::policy::SeeHome>) -> tenancy::Permit<tenancy::policy::SeeHome> {
///     permit
/// }
/// ```
#[must_use = "a permit is there to be used by its act"]
#[derive(Debug)]
pub struct Permit<A: Action> {
    target: A::Target,
    facts: Facts,
    pub(crate) scope: u64,
    action: PhantomData<A>,
}

impl<A: Action> Permit<A> {
    /// What the act is done to.
    #[must_use]
    pub const fn target(&self) -> A::Target {
        self.target
    }
    /// The facts that the decision was made with.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        self.facts
    }
}

/// One transaction in one workspace by one actor. Dropping it unfinished rolls back.
///
/// A reading scope has no way to write:
/// ```compile_fail
/// async fn no(scope: &mut tenancy::Scope<tenancy::ReadOnly>, permit: tenancy::Permit<tenancy::policy::AddGroup>) {
///     let writer = scope.write(permit, tenancy::Record::default());
/// }
/// ```
/// ```
/// fn yes(scope: &mut tenancy::Scope<tenancy::ReadWrite>, permit: tenancy::Permit<tenancy::policy::AddGroup>) {
///     let writer = scope.write(permit, tenancy::Record::default());
/// }
/// ```
/// And its connection cannot be taken:
/// ```compile_fail
/// fn no(scope: tenancy::Scope<tenancy::ReadOnly>) { let _ = scope.client; }
/// ```
#[must_use = "a scope that is not finished rolls back"]
pub struct Scope<M: Mode> {
    pub(crate) database: Database,
    pub(crate) client: Option<Object>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) who: Resolved,
    access: Arc<Access>,
    pub(crate) origin: Origin,
    pub(crate) keys: Arc<WorkspaceKeys>,
    pub(crate) number: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) pushed: Vec<crate::write::Pushed>,
    pub(crate) effects: Vec<Effect>,
    mode: PhantomData<M>,
}

impl<M: Mode> std::fmt::Debug for Scope<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scope({}, {:?})", self.workspace, self.who.actor)
    }
}

impl Database {
    /// Opens a scope that may write.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a credential that does not count, [`Error::NotFound`] for an unknown workspace.
    pub async fn scope(
        &self,
        credential: Credential,
        workspace: WorkspaceId,
        origin: Origin,
    ) -> Result<Scope<ReadWrite>, Error> {
        Scope::open(self, credential, workspace, origin).await
    }

    /// Opens a scope that reads.
    ///
    /// # Errors
    /// As [`Database::scope`].
    pub async fn view(
        &self,
        credential: Credential,
        workspace: WorkspaceId,
        origin: Origin,
    ) -> Result<Scope<ReadOnly>, Error> {
        Scope::open(self, credential, workspace, origin).await
    }
}

/// The keys of the workspace that a credential names; an unknown workspace is refused as the credential would be.
pub(crate) async fn keys_for(
    database: &Database,
    credential: Credential,
    workspace: WorkspaceId,
) -> Result<Arc<WorkspaceKeys>, Error> {
    match database.keys(workspace).await {
        Err(Error::Seal(error)) if matches!(*error, seal::Error::UnknownWorkspace) => Err(refusal(credential)),
        other => other,
    }
}

/// What a credential that does not count is told.
const fn refusal(credential: Credential) -> Error {
    match credential {
        Credential::Session(_) | Credential::Token(_) => Error::Unauthenticated,
        Credential::Visitor | Credential::Internal(_) => Error::NotFound,
    }
}

/// The statement that finds a credential, and the hash it is found by; empty where there is none.
fn look_up(credential: Credential) -> (&'static Sql, Vec<u8>) {
    match credential {
        Credential::Session(hash) => (&statements::RESOLVE_SESSION, hash.to_vec()),
        Credential::Token(hash) => (&statements::RESOLVE_TOKEN, hash.to_vec()),
        Credential::Visitor | Credential::Internal(_) => (&statements::RESOLVE_NOBODY, Vec::new()),
    }
}

impl Database {
    /// Who a looked-up credential is; a token is known from now on.
    fn use_row(&self, workspace: WorkspaceId, credential: Credential, row: Option<&Row>) -> Option<Resolved> {
        let row = row?;
        let resolved = Resolved::from_row(credential, row)?;
        if let Credential::Token(hash) = credential {
            self.inner.tokens.keep((workspace, hash), TokenKnown::from_row(row).used(resolved.now));
        }
        Some(resolved)
    }

    /// Who a known token is, used now.
    pub(crate) fn use_known(
        &self,
        workspace: WorkspaceId,
        credential: Credential,
        known: TokenKnown,
        now: Timestamp,
    ) -> Resolved {
        let resolved = known.resolved(now);
        if let (Credential::Token(hash), true) = (credential, resolved.seen.is_some()) {
            self.inner.tokens.keep((workspace, hash), known.used(now));
        }
        resolved
    }
}

impl<M: Mode> Scope<M> {
    async fn open(
        database: &Database,
        credential: Credential,
        workspace: WorkspaceId,
        origin: Origin,
    ) -> Result<Self, Error> {
        let keys = keys_for(database, credential, workspace).await?;
        let client = match credential {
            Credential::Internal(Internal::Custodian) => database.custody().await?,
            _ => database.app().await?,
        };
        let known = match credential {
            Credential::Token(hash) => database.inner.tokens.get(&(workspace, hash)),
            _ => None,
        };
        let (look_up, hash) = look_up(credential);
        let sql = if known.is_some() { &statements::EPOCH_OF } else { look_up };
        let statement = database::prepare(&client, sql).await?;
        let mut scope = Self {
            database: database.clone(),
            client: Some(client),
            workspace,
            who: Resolved::internal(Actor::Visitor, Timestamp::UNIX_EPOCH),
            access: Arc::default(),
            origin,
            keys,
            number: database.next_scope(),
            entries: Vec::new(),
            pushed: Vec::new(),
            effects: Vec::new(),
            mode: PhantomData,
        };
        let begin = format!("{}; SET LOCAL app.workspace_id = '{workspace}'", M::BEGIN);
        let client = scope.client();
        let with_hash: Params<'_> = &[&workspace.uuid(), &hash];
        let without: Params<'_> = &[&workspace.uuid()];
        let params = if hash.is_empty() || known.is_some() { without } else { with_hash };
        // They leave in one message: the look-up runs inside the transaction that BEGIN opens.
        let (begun, row) = join(client.batch_execute(&begin), client.query_opt(&statement, params)).await;
        begun.map_err(|error| Error::from_driver("begin", error))?;
        let row = row.map_err(|error| Error::from_driver(sql.name(), error))?;
        let resolved = match (known, &row) {
            (Some(known), Some(row)) if known.counts(row.get(0), row.get(1)) => {
                database.use_known(workspace, credential, known, row.get(1))
            }
            // Known, but of another epoch: looked up after all, in the same transaction.
            (Some(_), _) => {
                let row = database::query_opt(client, look_up, with_hash).await?;
                database.use_row(workspace, credential, row.as_ref()).ok_or(refusal(credential))?
            }
            (None, row) => database.use_row(workspace, credential, row.as_ref()).ok_or(refusal(credential))?,
        };
        scope.become_actor(resolved).await?;
        Ok(scope)
    }

    async fn become_actor(&mut self, who: Resolved) -> Result<(), Error> {
        if let Some(seen) = who.seen {
            self.database.touch(self.workspace, seen);
        }
        let epoch = who.epoch;
        self.who = who;
        let Some(person) = self.who.actor.person() else { return Ok(()) };
        let key = (self.workspace, person);
        self.access = match self.database.access_of(key, epoch) {
            Some(access) => access,
            None => {
                let access = Arc::new(self.held_by(person).await?);
                self.database.inner.access.keep(key, (epoch, Arc::clone(&access)));
                access
            }
        };
        #[cfg(feature = "faults")]
        self.widen();
        Ok(())
    }

    /// What the switches on grants do: a right to submit brings every other, or a grant forgets its process.
    #[cfg(feature = "faults")]
    fn widen(&mut self) {
        let mut grants = self.access.grants.clone();
        if faults::on("submit-implies-all") && grants.iter().any(|grant| grant.role == Role::Submitter) {
            grants.push(HeldGrant { role: Role::Owner, process: None, expires_at: None });
        }
        if faults::on("grants-ignore-process") {
            grants.iter_mut().for_each(|grant| grant.process = None);
        }
        self.access = Arc::new(Access { grants });
    }

    /// The grants that reach a person, read fresh.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn held_by(&self, person: PersonId) -> Result<Access, Error> {
        let rows = self.rows(&statements::HELD_GRANTS, &[&self.workspace.uuid(), &person.uuid()]).await?;
        let grants = rows
            .iter()
            .filter_map(|row| {
                Some(HeldGrant {
                    role: Role::from_text(row.get::<_, &str>(0))?,
                    process: row.get::<_, Option<uuid::Uuid>>(1).map(ProcessId::from_uuid),
                    expires_at: row.get(2),
                })
            })
            .collect();
        Ok(Access { grants })
    }

    pub(crate) fn client(&self) -> &Object {
        self.client.as_ref().expect("a scope holds its connection until it is finished")
    }

    /// The workspace.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }
    /// The actor.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.who.actor
    }
    /// The signed-in person.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when nobody is.
    pub fn person(&self) -> Result<PersonId, Error> {
        self.who.actor.person().ok_or(Error::Unauthenticated)
    }
    /// How the credential came in.
    #[must_use]
    pub const fn via(&self) -> Via {
        self.who.via
    }
    /// The database's clock at the opening of the scope.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.who.now
    }
    /// The workspace's keys.
    #[must_use]
    pub fn keys(&self) -> &WorkspaceKeys {
        &self.keys
    }
    /// Where the act came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
    /// The database this scope is of.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }
    /// The atoms the actor holds in the whole workspace, as far as the token lets them through.
    #[must_use]
    pub fn atoms(&self) -> AtomSet {
        self.access.in_workspace(self.who.now).intersection(self.who.mask)
    }
    /// What reaches the actor.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The workspace's access epoch, for what is remembered of one epoch; nothing for visitors and for ourselves, and
    /// once this scope acted, for the act may move it.
    #[must_use]
    pub fn access_epoch(&self) -> Option<i64> {
        let is_person = self.who.actor.person().is_some();
        (is_person && self.entries.is_empty()).then_some(self.who.epoch)
    }

    /// Rows of a statement.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn rows(&self, sql: &'static Sql, params: Params<'_>) -> Result<Vec<Row>, Error> {
        database::query(self.client(), sql, params).await
    }
    /// At most one row.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn maybe(&self, sql: &'static Sql, params: Params<'_>) -> Result<Option<Row>, Error> {
        database::query_opt(self.client(), sql, params).await
    }
    /// Exactly one row.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn one(&self, sql: &'static Sql, params: Params<'_>) -> Result<Row, Error> {
        self.maybe(sql, params).await?.ok_or(Error::NotFound)
    }

    /// Asks for the right to do an act to a target; reads (and in a writing scope locks) the target first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for absent and hidden alike, [`Error::Forbidden`] for what may be seen but not done.
    pub async fn permit<A: Action>(&mut self, target: A::Target) -> Result<Permit<A>, Error> {
        #[cfg(feature = "faults")]
        self.go_astray::<A>(target).await?;
        let sql = if M::LOCKS == Locks::Target { A::Target::LOCK } else { A::Target::LOOK };
        let actor = self.who.actor.person().map(PersonId::uuid);
        let place = target.id().filter(|_| A::Target::FIXED && actor.is_some()).map(|id| (self.workspace, id));
        if let Some(facts) = place.and_then(|place| self.database.inner.facts.get(&place)) {
            return self.decide(target, Some(facts));
        }
        let row = self.maybe(sql, &[&self.workspace.uuid(), &target.id(), &actor]).await?;
        let facts = row.as_ref().map(|row| facts_of(row, 0));
        if let (Some(place), Some(facts)) = (place, facts) {
            self.database.inner.facts.keep(place, facts);
        }
        self.decide(target, facts)
    }

    /// As [`permit`](Self::permit), by a statement that reads the target's facts in its first five columns and what the
    /// caller wants of it behind them; it takes `(workspace, target, actor)`. The row is let go if the permit fails.
    /// For reading: nothing is locked.
    ///
    /// # Errors
    /// As [`permit`](Self::permit).
    pub async fn permit_by<A: Action>(
        &mut self,
        target: A::Target,
        sql: &'static Sql,
    ) -> Result<(Permit<A>, Row), Error> {
        #[cfg(feature = "faults")]
        self.go_astray::<A>(target).await?;
        let actor = self.who.actor.person().map(PersonId::uuid);
        let row = self.maybe(sql, &[&self.workspace.uuid(), &target.id(), &actor]).await?.ok_or(Error::NotFound)?;
        let permit = self.decide(target, Some(facts_of(&row, 0)))?;
        Ok((permit, row))
    }

    fn decide<A: Action>(&self, target: A::Target, facts: Option<Facts>) -> Result<Permit<A>, Error> {
        let facts = facts.ok_or(Error::NotFound)?;
        let verdict = self.judge::<A>(facts);
        // The switch lets reads through only: what a check tries to write must not really be changed.
        let is_let = faults::on("policy-allow-all") && M::BEGIN.contains("READ ONLY");
        permitted(if is_let { Verdict::Allowed } else { verdict }, target, facts, self.number)
    }

    /// What [`permit`](Self::permit) would say for these facts: which buttons a page offers.
    #[must_use]
    pub fn judge<A: Action>(&self, facts: Facts) -> Verdict {
        self.who.judge::<A>(&self.access, facts)
    }

    /// Ends the transaction without waiting for the answer and gives the connection back.
    fn release(&mut self, end: &'static str) {
        if let Some(client) = self.client.take() {
            // Sent when first polled; the next user's BEGIN queues behind it on the same connection. When it cannot
            // even be sent the connection is closed, and the pool drops it.
            let sent = client.batch_execute(end).now_or_never();
            if matches!(sent, Some(Err(_))) {
                database::discard(client);
            }
        }
    }
}

impl Scope<ReadOnly> {
    /// Ends a reading scope; nothing waits for the answer.
    pub fn finish(mut self) {
        self.release("COMMIT");
    }
}

impl<M: Mode> Drop for Scope<M> {
    fn drop(&mut self) {
        self.release("ROLLBACK");
    }
}

/// The permit that a verdict makes.
pub(crate) fn permitted<A: Action>(
    verdict: Verdict,
    target: A::Target,
    facts: Facts,
    scope: u64,
) -> Result<Permit<A>, Error> {
    match verdict {
        Verdict::Allowed => Ok(Permit { target, facts, scope, action: PhantomData }),
        Verdict::Forbidden => Err(Error::Forbidden),
        Verdict::Hidden => Err(Error::NotFound),
    }
}

/// Columns of facts.
pub(crate) const FACTS_COLUMNS: usize = 5;

/// The facts in a row, from this column on.
pub(crate) fn facts_of(row: &Row, from: usize) -> Facts {
    Facts {
        process: row.get::<_, Option<uuid::Uuid>>(from).map(ProcessId::from_uuid),
        requester: row.get::<_, Option<uuid::Uuid>>(from + 1).map(PersonId::from_uuid),
        assignee: row.get::<_, Option<uuid::Uuid>>(from + 2).map(PersonId::from_uuid),
        person: row.get::<_, Option<uuid::Uuid>>(from + 3).map(PersonId::from_uuid),
        was_asked: row.get(from + 4),
    }
}
