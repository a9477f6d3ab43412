//! The pools, one a role, and the few look-ups that come before a workspace is known.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime};
use seal::{Vault, WorkspaceKeys};
use tokio::task::JoinHandle;
use tokio_postgres::{NoTls, Statement};

use crate::database_tls::DatabaseTls;
use crate::desk::Desks;
use crate::memory::Memory;
use crate::policy::{Access, Facts};
use crate::resolved::TokenKnown;
use crate::sql::Sql;
use crate::{Error, PersonId, SessionId, TokenId, WorkspaceId, statements};

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum Host {
    /// A unix socket in this directory.
    Socket(PathBuf),
    /// A name or address on this machine.
    Tcp(String),
}

/// Where the server is, and how its roles get in.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub host: Host,
    /// Name of the database.
    pub database: String,
    /// Passwords by role, for a server that asks for them; empty for peer authentication.
    pub passwords: BTreeMap<String, String>,
    /// Port, which also names the socket file.
    pub port: u16,
    /// How connections are protected; nothing on this machine.
    pub tls: Option<DatabaseTls>,
}

impl Server {
    /// Fills in where the server is and how a role gets in.
    pub(crate) fn reach(&self, config: &mut tokio_postgres::Config, role: &str) {
        match &self.host {
            Host::Socket(dir) => config.host_path(dir),
            // A network that swallows packets is noticed: what a dead connection holds up must end by itself.
            Host::Tcp(name) => config.host(name).tcp_user_timeout(UNANSWERED_MAX).keepalives_idle(UNANSWERED_MAX),
        };
        config.port(self.port).dbname(&self.database).user(role);
        if let Some(password) = self.passwords.get(role) {
            config.password(password);
        }
        if let Some(tls) = &self.tls {
            tls.require(config);
        }
    }
}

/// How many connections each pool may hold.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// Connections as `countersign_app`.
    pub app: usize,
    /// Connections of each of the small roles.
    pub other: usize,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { app: 16, other: 2 }
    }
}

/// Longest that a connection over the network may go unanswered.
const UNANSWERED_MAX: Duration = Duration::from_secs(15);
/// Longest a caller waits for a connection before it is told to come again.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// Most people whose access is kept in memory.
const ACCESS_ENTRIES_MAX: usize = 10_000;
/// Most tokens that are known in memory.
const TOKENS_MAX: usize = 4096;
/// Most targets whose facts are kept in memory.
const FACTS_ENTRIES_MAX: usize = 10_000;

/// The database, as the rest of the product may see it: a maker of scopes.
#[derive(Clone)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    app: Pool,
    auth: Pool,
    worker: Pool,
    operator: Pool,
    probe: Pool,
    integrator: Pool,
    custody: Pool,
    pub(crate) vault: Arc<Vault>,
    /// What reaches a person, as of an access epoch.
    pub(crate) access: Memory<(WorkspaceId, PersonId), (i64, Arc<Access>)>,
    /// What tokens stand for, by the hash under which they are stored.
    pub(crate) tokens: Memory<(WorkspaceId, [u8; 32]), TokenKnown>,
    /// Facts that never change, of targets that are never deleted.
    pub(crate) facts: Memory<(WorkspaceId, uuid::Uuid), Facts>,
    pub(crate) scopes: AtomicU64,
    pub(crate) desks: Desks,
    pub(crate) wake: tokio::sync::Notify,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

impl Database {
    /// Makes the pools; connects when first used.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a pool cannot be made.
    pub fn open(server: &Server, vault: Arc<Vault>, sizes: PoolSizes) -> Result<Self, Error> {
        let make = |role: &str, size| pool(server, role, size);
        Ok(Self {
            inner: Arc::new(Inner {
                app: make("countersign_app", sizes.app)?,
                auth: make("countersign_auth", sizes.other)?,
                worker: make("countersign_worker", sizes.other)?,
                operator: make("countersign_operator", sizes.other)?,
                probe: make("countersign_probe", sizes.other)?,
                integrator: make("countersign_integrator", sizes.other)?,
                custody: make("countersign_custody", sizes.other)?,
                vault,
                access: Memory::new(ACCESS_ENTRIES_MAX),
                tokens: Memory::new(TOKENS_MAX),
                facts: Memory::new(FACTS_ENTRIES_MAX),
                scopes: AtomicU64::new(1),
                desks: Desks::default(),
                wake: tokio::sync::Notify::new(),
            }),
        })
    }

    /// The vault of keys, for making keys of new people and workspaces.
    #[must_use]
    pub fn vault(&self) -> &Arc<Vault> {
        &self.inner.vault
    }

    /// The workspace of a slug.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown slug; the general failures of a look-up.
    pub async fn workspace_of(&self, slug: &str) -> Result<WorkspaceId, Error> {
        if slug.len() > 40 {
            return Err(Error::NotFound);
        }
        let client = take(&self.inner.auth).await?;
        let row = query_opt(&client, &statements::ROUTE_BY_SLUG, &[&slug]).await?.ok_or(Error::NotFound)?;
        Ok(WorkspaceId::from_uuid(row.get(0)))
    }

    /// Reserves a slug for a workspace id; answers with the id that holds the slug, which is another one if it was taken.
    ///
    /// # Errors
    /// [`Error::Constraint`] `route_slug_shape` for a slug of another shape.
    pub async fn reserve_slug(&self, slug: &str, workspace: WorkspaceId) -> Result<WorkspaceId, Error> {
        let client = take(&self.inner.operator).await?;
        execute(&client, &statements::ROUTE_ADD, &[&slug, &workspace.uuid()]).await?;
        let row = query_opt(&client, &statements::ROUTE_BY_SLUG, &[&slug]).await?.ok_or(Error::NotFound)?;
        Ok(WorkspaceId::from_uuid(row.get(0)))
    }

    /// The slug of a workspace, for links that a letter carries.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown workspace.
    pub async fn slug_of(&self, workspace: WorkspaceId) -> Result<String, Error> {
        let client = take(&self.inner.operator).await?;
        let row = query_opt(&client, &statements::ROUTE_OF, &[&workspace.uuid()]).await?.ok_or(Error::NotFound)?;
        Ok(row.get(0))
    }

    /// All slugs with their workspaces and when they were made, at most 1,000, for the operator.
    ///
    /// # Errors
    /// The general failures of a look-up.
    pub async fn routes(&self) -> Result<Vec<(String, WorkspaceId, jiff::Timestamp)>, Error> {
        let client = take(&self.inner.operator).await?;
        let rows = query(&client, &statements::ROUTE_LIST, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), WorkspaceId::from_uuid(row.get(1)), row.get(2))).collect())
    }

    /// Whether the database answers: one round trip as the application.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn answers(&self) -> Result<(), Error> {
        let client = take(&self.inner.app).await?;
        client.batch_execute("").await.map_err(|error| Error::from_driver("ping", error))
    }

    /// The keys of a workspace, from the cache or, off the async threads, from the store.
    ///
    /// # Errors
    /// [`Error::Seal`] when they cannot be read.
    pub async fn keys(&self, workspace: WorkspaceId) -> Result<Arc<WorkspaceKeys>, Error> {
        if let Some(keys) = self.inner.vault.cached(workspace.bytes()) {
            return Ok(keys);
        }
        self.with_vault(move |vault| vault.workspace(workspace.bytes())).await
    }

    /// Whether a workspace has keys: not before it was made, and not after its end. Another node that destroyed them is heard
    /// of when the time for opened keys is over.
    ///
    /// # Errors
    /// [`Error::Seal`] when they cannot be read.
    pub async fn has_keys(&self, workspace: WorkspaceId) -> Result<bool, Error> {
        match self.keys(workspace).await {
            Ok(_) => Ok(true),
            Err(Error::Seal(error)) if matches!(*error, seal::Error::UnknownWorkspace) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Runs something slow on the vault off the async threads.
    ///
    /// # Errors
    /// What `act` answers.
    pub async fn with_vault<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Vault) -> Result<T, seal::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let vault = Arc::clone(&self.inner.vault);
        tokio::task::spawn_blocking(move || act(&vault)).await.map_err(|_| Error::Unavailable)?.map_err(Error::from)
    }

    /// Resolves when an effect may have become due on this node. Polling once a second is the floor beneath it.
    pub async fn effect_written(&self) {
        self.inner.wake.notified().await;
    }

    pub(crate) async fn app(&self) -> Result<Object, Error> {
        take(&self.inner.app).await
    }
    pub(crate) async fn worker(&self) -> Result<Object, Error> {
        take(&self.inner.worker).await
    }
    pub(crate) async fn probe(&self) -> Result<Object, Error> {
        take(&self.inner.probe).await
    }
    pub(crate) async fn integrator(&self) -> Result<Object, Error> {
        take(&self.inner.integrator).await
    }
    pub(crate) async fn custody(&self) -> Result<Object, Error> {
        take(&self.inner.custody).await
    }
    pub(crate) async fn auth(&self) -> Result<Object, Error> {
        take(&self.inner.auth).await
    }
    pub(crate) fn next_scope(&self) -> u64 {
        self.inner.scopes.fetch_add(1, Ordering::Relaxed)
    }

    /// What reaches a person, if it is kept of this access epoch.
    pub(crate) fn access_of(&self, key: (WorkspaceId, PersonId), epoch: i64) -> Option<Arc<Access>> {
        self.inner.access.get(&key).filter(|(kept, _)| *kept == epoch).map(|(_, access)| access)
    }

    /// Notes that a session was seen; no record, since nothing was done (a narrow row of its own).
    pub(crate) fn touch(&self, workspace: WorkspaceId, seen: Seen) {
        let database = self.clone();
        tokio::spawn(async move {
            if let Err(error) = database.touch_now(workspace, seen).await {
                tracing::debug!(state = error.sql_state(), "a sign of life was not written");
            }
        });
    }

    async fn touch_now(&self, workspace: WorkspaceId, seen: Seen) -> Result<(), Error> {
        let (sql, id) = match seen {
            Seen::Session(id) => (&statements::TOUCH_SESSION, id.uuid()),
            Seen::Token(id) => (&statements::TOUCH_TOKEN, id.uuid()),
        };
        let client = self.app().await?;
        let begin = format!("BEGIN; SET LOCAL app.workspace_id = '{workspace}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let done = execute(&client, sql, &[&workspace.uuid(), &id]).await;
        client.batch_execute("COMMIT").await.map_err(|error| Error::from_driver("commit", error))?;
        done.map(|_| ())
    }
}

/// A sign of life of a credential.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen {
    Session(SessionId),
    Token(TokenId),
}

/// Connects outside of a pool: for what comes before there is a schema. The task carries the connection.
///
/// # Errors
/// The driver's.
#[expect(clippy::disallowed_methods, reason = "tenancy is the room that connects")]
pub async fn connect(
    mut config: tokio_postgres::Config,
    tls: Option<&DatabaseTls>,
) -> Result<(tokio_postgres::Client, JoinHandle<()>), tokio_postgres::Error> {
    let end = |ended: Result<(), tokio_postgres::Error>| {
        if ended.is_err() {
            tracing::debug!("a connection outside of the pools broke");
        }
    };
    Ok(match tls {
        Some(tls) => {
            tls.require(&mut config);
            let (client, connection) = config.connect(tls.connect.clone()).await?;
            (client, tokio::spawn(async move { end(connection.await) }))
        }
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            (client, tokio::spawn(async move { end(connection.await) }))
        }
    })
}

/// Plans are made once a connection, and a table that is small then is not for ever: every statement of ours finds its
/// rows by a key, so none is planned to read a whole table where an index would do.
const SESSION: &str = "-c enable_seqscan=off";

fn pool(server: &Server, role: &str, size: usize) -> Result<Pool, Error> {
    let mut config = tokio_postgres::Config::new();
    server.reach(&mut config, role);
    config.application_name("countersign").connect_timeout(Duration::from_secs(5)).options(SESSION);
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match &server.tls {
        Some(tls) => Manager::from_config(config, tls.connect.clone(), fast),
        None => Manager::from_config(config, NoTls, fast),
    };
    Pool::builder(manager)
        .max_size(size)
        // The connection that was used last is the warmest, here and in the server.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT_MAX))
        .create_timeout(Some(Duration::from_secs(5)))
        .build()
        .map_err(|_| Error::Unavailable)
}

async fn take(pool: &Pool) -> Result<Object, Error> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(_) => Error::Busy,
        _ => Error::Unavailable,
    })
}

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn tokio_postgres::types::ToSql + Sync)];

/// A count or index as a column holds it, read; no column of ours holds a negative one.
pub(crate) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A count or index, written.
pub(crate) fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Closes a connection instead of giving it back.
pub(crate) fn discard(client: Object) {
    drop(Object::take(client));
}

pub(crate) async fn prepare(client: &Object, sql: &'static Sql) -> Result<Statement, Error> {
    client.prepare_cached(sql.text()).await.map_err(|error| Error::from_driver(sql.name(), error))
}

pub(crate) async fn prepare_text(client: &Object, name: &'static str, text: &str) -> Result<Statement, Error> {
    client.prepare_cached(text).await.map_err(|error| Error::from_driver(name, error))
}

pub(crate) async fn query(
    client: &Object,
    sql: &'static Sql,
    params: Params<'_>,
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let statement = prepare(client, sql).await?;
    client.query(&statement, params).await.map_err(|error| Error::from_driver(sql.name(), error))
}

pub(crate) async fn query_opt(
    client: &Object,
    sql: &'static Sql,
    params: Params<'_>,
) -> Result<Option<tokio_postgres::Row>, Error> {
    let statement = prepare(client, sql).await?;
    client.query_opt(&statement, params).await.map_err(|error| Error::from_driver(sql.name(), error))
}

pub(crate) async fn execute(client: &Object, sql: &'static Sql, params: Params<'_>) -> Result<u64, Error> {
    let statement = prepare(client, sql).await?;
    client.execute(&statement, params).await.map_err(|error| Error::from_driver(sql.name(), error))
}
