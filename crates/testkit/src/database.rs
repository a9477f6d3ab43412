//! A database a test: cloned from a template that carries every migration.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests look at the server from outside")]

use std::path::PathBuf;
use std::sync::Arc;

use seal::Vault;
use tempfile::TempDir;
use tenancy::{Database, PoolSizes, Server};
use tokio_postgres::{Client, NoTls};

use crate::cluster::{self, Cluster, Error, failed};

/// One test's database, keys and connections.
#[derive(Debug)]
pub struct TestDb {
    /// The database as the product sees it, with small pools.
    pub db: Database,
    /// A superuser's connection, past row security: for breaking things and for looking.
    pub owner: Client,
    /// Where it is.
    pub server: Server,
    cluster: &'static Cluster,
    keys: TempDir,
}

impl TestDb {
    /// Clones the template.
    ///
    /// # Panics
    /// When there is no PostgreSQL to be had: no test can say anything then.
    pub async fn new() -> Self {
        match Self::make().await {
            Ok(made) => made,
            Err(error) => panic!("no test database: {error}"),
        }
    }

    async fn make() -> Result<Self, Error> {
        let cluster = cluster::get().await?;
        let name = format!("t_{}_{}", std::process::id(), uuid::Uuid::now_v7().simple());
        let superuser = connect(cluster, "postgres", "postgres").await?;
        let clone = format!("CREATE DATABASE {name} OWNER countersign_owner TEMPLATE {}", cluster.template);
        superuser.batch_execute(&clone).await.map_err(failed("cloning the template"))?;
        let server = cluster.server(&name);
        let owner = connect(cluster, &name, "postgres").await?;
        // Grants on a database are not cloned with it.
        owner.batch_execute(cluster::bootstrap().1).await.map_err(failed("grants"))?;
        let keys = tempfile::Builder::new().prefix("countersign-keys-").tempdir().map_err(failed("keys"))?;
        let vault = Vault::open_local(&keys.path().join("keys")).map_err(failed("keys"))?;
        let db = Database::open(&server, Arc::new(vault), PoolSizes { app: 6, other: 2 }).map_err(failed("pools"))?;
        Ok(Self { db, owner, server, cluster, keys })
    }

    /// A product's view of the same database with pools of its own: another node.
    ///
    /// # Panics
    /// When the keys cannot be read.
    #[must_use]
    pub fn another_node(&self) -> Database {
        let vault = Vault::open_local(&self.keys.path().join("keys")).expect("the keys were made by this test");
        Database::open(&self.server, Arc::new(vault), PoolSizes { app: 6, other: 2 }).expect("pools can be made")
    }

    /// A plain connection as a role.
    ///
    /// # Panics
    /// When the server is gone.
    pub async fn connect_as(&self, role: &str) -> Client {
        match connect(self.cluster, &self.server.database, role).await {
            Ok(client) => client,
            Err(error) => panic!("no connection as {role}: {error}"),
        }
    }

    /// Directory of the server's data; all tests of a run share it.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.cluster.root.join("pg")
    }

    /// Directory of the server's log.
    #[must_use]
    pub fn log_dir(&self) -> PathBuf {
        self.cluster.root.join("log")
    }

    /// Directory of the keys.
    #[must_use]
    pub fn keys_dir(&self) -> PathBuf {
        self.keys.path().to_owned()
    }

    /// Directory of the server's socket.
    #[must_use]
    pub fn socket_dir(&self) -> PathBuf {
        self.cluster.socket_dir()
    }

    /// Directory of the server's programs.
    #[must_use]
    pub fn bin_dir(&self) -> PathBuf {
        self.cluster.bin_dir.clone()
    }
}

/// Connects as a role.
pub(crate) async fn connect(cluster: &Cluster, database: &str, role: &str) -> Result<Client, Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(cluster.socket_dir()).port(5432).dbname(database).user(role);
    config.application_name("testkit");
    let (client, connection) = config.connect(NoTls).await.map_err(failed("connect"))?;
    // Ends with the client, or with a server that somebody stopped: the client's next call says so.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}

/// Makes the template if nobody has. Called under the start lock; whole or not there at all.
pub(crate) async fn make_template(cluster: &Cluster, superuser: &Client) -> Result<(), Error> {
    let name = &cluster.template;
    let known = "SELECT FROM pg_database WHERE datname = $1";
    if superuser.query_opt(known, &[name]).await.map_err(failed("template"))?.is_some() {
        return Ok(());
    }
    let making = format!("making_{name}");
    let run = async |sql: String| superuser.batch_execute(&sql).await.map_err(failed("template"));
    run(format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await?;
    run(format!(
        "CREATE DATABASE {making} OWNER countersign_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    ))
    .await?;
    let server = cluster.server(&making);
    {
        let inside = connect(cluster, &making, "postgres").await?;
        inside.batch_execute(cluster::bootstrap().1).await.map_err(failed("schemas"))?;
    }
    tenancy::migrate::migrate(&server).await.map_err(failed("migrations"))?;
    // Waits up to five seconds for the last connection to go.
    run(format!("ALTER DATABASE {making} RENAME TO {name}")).await
}

/// Drops databases of processes that are no more.
pub(crate) async fn sweep(superuser: &Client, most: i64) -> Result<(), Error> {
    let found = superuser
        .query("SELECT datname FROM pg_database WHERE datname LIKE 't\\_%' ORDER BY oid LIMIT 100", &[])
        .await
        .map_err(failed("sweep"))?;
    let ended = found.iter().map(|row| row.get::<_, String>(0)).filter(|name| {
        let pid = name.split('_').nth(1).and_then(|text| text.parse().ok());
        pid.is_some_and(|pid| !cluster::is_alive(pid))
    });
    for name in ended.take(usize::try_from(most).unwrap_or(0)) {
        superuser
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
            .map_err(failed("sweep"))?;
    }
    Ok(())
}
