//! A cluster of one test's own: stopped, copied, put back, dumped and loaded, as an operator does it after a bad day.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests look at the server from outside")]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::User;
use tempfile::TempDir;
use tenancy::{Host, Server};
use tokio_postgres::{Client, NoTls};

use crate::cluster::{self, Error, failed};

const DATABASE: &str = "countersign";

/// A server that belongs to one test and ends with it.
#[derive(Debug)]
pub struct OwnCluster {
    root: TempDir,
    bin_dir: PathBuf,
    user: Option<User>,
    settings: Vec<String>,
}

/// A copy of a stopped cluster's files, or of one that was taken while it ran.
#[derive(Debug)]
pub struct Copy(TempDir);

impl OwnCluster {
    /// A new cluster with the product's roles and schema.
    ///
    /// # Panics
    /// When there is no PostgreSQL to be had.
    pub async fn new() -> Self {
        let made = Self::bare(&[]).await;
        made.create().await;
        tenancy::migrate::migrate(&made.server()).await.expect("migrations");
        made
    }

    /// The same, whose write-ahead log goes to an archive.
    ///
    /// # Panics
    /// When there is no PostgreSQL to be had.
    pub async fn archiving() -> Self {
        let archive = "mkdir -p ../archive && cp %p ../archive/%f";
        let settings = ["wal_level=replica", "max_wal_senders=4", "archive_mode=on", "full_page_writes=on"];
        let mut settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        settings.push(format!("'archive_command={archive}'"));
        let made = Self::bare(&settings).await;
        made.create().await;
        tenancy::migrate::migrate(&made.server()).await.expect("migrations");
        made
    }

    /// A new cluster with the product's roles and an empty database: what a dump is loaded into.
    ///
    /// # Panics
    /// When there is no PostgreSQL to be had.
    pub async fn empty() -> Self {
        let made = Self::bare(&[]).await;
        made.create_database().await;
        made
    }

    async fn bare(settings: &[String]) -> Self {
        let root = tempfile::Builder::new().prefix("cs-own-").tempdir().expect("a folder");
        // The server's user walks through it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(root.path(), open).expect("its mode");
        let user = cluster::server_user().expect("a user for the server");
        let bin_dir = cluster::bin_dir().expect("programs of the server");
        let settings = settings.to_vec();
        let made = Self { root, bin_dir, user, settings };
        cluster::init(made.root.path(), &made.bin_dir, made.user.as_ref()).expect("a cluster");
        made.own(&made.root.path().join("archive"));
        made.start();
        let superuser = made.connect("postgres").await;
        superuser.batch_execute(cluster::bootstrap().0).await.expect("roles");
        made
    }

    async fn create(&self) {
        self.create_database().await;
        self.superuser().await.batch_execute(cluster::bootstrap().1).await.expect("schemas");
    }

    async fn create_database(&self) {
        let superuser = self.connect("postgres").await;
        let create = format!(
            "CREATE DATABASE {DATABASE} OWNER countersign_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        superuser.batch_execute(&create).await.expect("a database");
    }

    fn own(&self, folder: &Path) {
        std::fs::create_dir_all(folder).expect("a folder");
        if let Some(user) = &self.user {
            nix::unistd::chown(folder, Some(user.uid), Some(user.gid)).expect("its owner");
        }
    }

    /// Starts the server.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&self) {
        cluster::start_server(self.root.path(), &self.bin_dir, self.user.as_ref(), &self.settings).expect("a server");
    }

    /// Stops the server in order.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self) {
        self.end("fast").expect("the server stops");
    }

    fn end(&self, how: &str) -> Result<(), Error> {
        let mut stop = cluster::tool(&self.bin_dir, "pg_ctl", self.user.as_ref(), self.root.path());
        stop.args(["stop", "-w", "-t", "60", "-m", how, "-D"]).arg(self.pg());
        cluster::run(&mut stop, "pg_ctl stop")
    }

    fn pg(&self) -> PathBuf {
        self.root.path().join("pg")
    }

    /// Copies the files, owners included. The server must be stopped.
    ///
    /// # Panics
    /// When they cannot be copied.
    #[must_use]
    pub fn copy(&self) -> Copy {
        let copy = Copy(tempfile::tempdir().expect("a folder"));
        copied(&self.pg(), &copy.0.path().join("pg"));
        copy
    }

    /// Puts a copy in the place of the files. The server must be stopped.
    ///
    /// # Panics
    /// When they cannot be copied.
    pub fn put_back(&self, copy: &Copy) {
        std::fs::remove_dir_all(self.pg()).expect("the files go");
        copied(&copy.0.path().join("pg"), &self.pg());
    }

    /// Copies the files of a running server that archives, as a backup does.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn back_up(&self) -> Copy {
        let superuser = self.superuser().await;
        superuser.batch_execute("SELECT pg_backup_start('test', true)").await.expect("a backup begins");
        let copy = self.copy();
        let stop =
            superuser.query_one("SELECT labelfile FROM pg_backup_stop(false)", &[]).await.expect("a backup ends");
        let label = copy.0.path().join("pg/backup_label");
        std::fs::write(&label, stop.get::<_, String>(0)).expect("the label");
        if let Some(user) = &self.user {
            nix::unistd::chown(&label, Some(user.uid), Some(user.gid)).expect("its owner");
        }
        drop(std::fs::remove_file(copy.0.path().join("pg/postmaster.pid")));
        copy
    }

    /// Puts a backup back and recovers from the archive up to a restore point, on a timeline of its own. The server must be
    /// stopped; it is started.
    ///
    /// # Panics
    /// When it does not recover.
    pub async fn recover(&self, copy: &Copy, point: &str) {
        self.put_back(copy);
        let signal = self.pg().join("recovery.signal");
        std::fs::write(&signal, "").expect("a file");
        if let Some(user) = &self.user {
            nix::unistd::chown(&signal, Some(user.uid), Some(user.gid)).expect("its owner");
        }
        let mut settings = self.settings.clone();
        settings.push("'restore_command=cp ../archive/%f %p'".to_owned());
        settings.push(format!("recovery_target_name={point}"));
        settings.push("recovery_target_action=promote".to_owned());
        cluster::start_server(self.root.path(), &self.bin_dir, self.user.as_ref(), &settings).expect("a server");
        let superuser = self.superuser().await;
        for _ in 0..600 {
            let row = superuser.query_one("SELECT pg_is_in_recovery()", &[]).await.expect("it answers");
            if !row.get::<_, bool>(0) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("the server did not end its recovery");
    }

    /// A dump of the database in statements.
    ///
    /// # Panics
    /// When it cannot be dumped.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        let mut dump = self.client_tool("pg_dump");
        let said = dump.arg(DATABASE).stdout(Stdio::piped()).output().expect("a dump");
        assert!(said.status.success());
        said.stdout
    }

    /// Loads a dump, and what of the product's roles is in no dump.
    ///
    /// # Panics
    /// When it cannot be loaded.
    pub async fn load(&self, dump: &[u8]) {
        let file = self.root.path().join("dump.sql");
        std::fs::write(&file, dump).expect("a file");
        let mut load = self.client_tool("psql");
        load.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", DATABASE, "-f"]).arg(&file);
        cluster::run(&mut load, "psql").expect("the dump loads");
        self.superuser().await.batch_execute(cluster::bootstrap().1).await.expect("grants");
    }

    fn client_tool(&self, name: &str) -> std::process::Command {
        let mut tool = cluster::tool(&self.bin_dir, name, self.user.as_ref(), self.root.path());
        tool.arg("-h").arg(self.root.path().join("run")).args(["-U", "postgres"]);
        tool
    }

    /// Where the database is.
    #[must_use]
    pub fn server(&self) -> Server {
        Server {
            host: Host::Socket(self.root.path().join("run")),
            database: DATABASE.to_owned(),
            passwords: std::collections::BTreeMap::new(),
            port: 5432,
            tls: None,
        }
    }

    /// A superuser's connection.
    ///
    /// # Panics
    /// When the server is gone.
    pub async fn superuser(&self) -> Client {
        self.connect(DATABASE).await
    }

    async fn connect(&self, database: &str) -> Client {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.root.path().join("run")).port(5432).dbname(database).user("postgres");
        let (client, connection) = config.connect(NoTls).await.map_err(failed("connect")).expect("a connection");
        tokio::spawn(async move { connection.await.ok() });
        client
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        drop(self.end("immediate"));
    }
}

fn copied(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(status.success(), "the files are copied");
}
