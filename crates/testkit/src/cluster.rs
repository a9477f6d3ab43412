//! The test cluster: one server for every test process of a target directory, made when the first of them asks.
//!
//! Every process that uses it holds a shared lock on `use.lock`. A small shell beside the server ends it, and removes
//! its files, once nobody has held that lock for [`IDLE_S`]. Starting and ending happen under `start.lock`.
//! The server runs with `fsync` off: nothing here says anything about durability.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{User, chown, geteuid};
use tenancy::{Host, Server};
use tokio::sync::OnceCell;

use crate::database;

/// Seconds without any test process after which the server ends.
pub const IDLE_S: u32 = 30;
/// The statements that make roles, databases and schemas.
const BOOTSTRAP: &str = include_str!("../../../migrations/bootstrap.sql");
/// Most databases of ended processes that one start sweeps.
const SWEPT_MAX: i64 = 8;

/// Settings of the server. Nothing of a statement or a row goes to its log, as in the product.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=300",
    "shared_buffers=64MB",
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
    "log_min_messages=warning",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
];

/// Ends the server when nobody has used it for a while. `$1` is the directory, `$2` the seconds.
const KEEPER: &str = r#"
while :; do
  idle=0
  while [ "$idle" -lt "$2" ]; do
    sleep 3
    [ -f "$1/pg/postmaster.pid" ] || exit 0
    if flock -n -x "$1/use.lock" true; then idle=$((idle + 3)); else idle=0; fi
  done
  flock -x "$1/start.lock" sh -c '
    flock -n -x "$1/use.lock" true || exit 3
    pid=$(head -n 1 "$1/pg/postmaster.pid") || exit 0
    waited=0
    while [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] && [ "$waited" -lt 30 ]; do
      [ "$waited" -gt 0 ] || kill -INT "$pid"
      sleep 1
      waited=$((waited + 1))
    done
    rm -rf "$1/pg" "$1/run" "$1/log"' keeper "$1" && exit 0
done
"#;

/// Why there is no test server.
#[derive(Debug)]
pub struct Error(pub String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Puts what was tried in front of an error.
pub(crate) fn failed<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> Error {
    move |error| Error(format!("{what}: {error}"))
}

/// The running cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) root: PathBuf,
    pub(crate) bin_dir: PathBuf,
    pub(crate) template: String,
    // Held as long as this process lives.
    _in_use: File,
}

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The cluster, started if nobody has.
pub(crate) async fn get() -> Result<&'static Cluster, Error> {
    CLUSTER.get_or_try_init(start).await
}

impl Cluster {
    /// Directory of the server's socket.
    pub(crate) fn socket_dir(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Where a database of the cluster is.
    pub(crate) fn server(&self, database: &str) -> Server {
        Server {
            host: Host::Socket(self.socket_dir()),
            database: database.to_owned(),
            passwords: std::collections::BTreeMap::new(),
            port: 5432,
            tls: None,
        }
    }
}

/// Sections of the bootstrap file: roles, and what a database needs.
pub(crate) fn bootstrap() -> (&'static str, &'static str) {
    let (roles, rest) = BOOTSTRAP.split_once("-- section: create database\n").expect("bootstrap.sql has its mark");
    let (_, database) = rest.split_once("\\connect countersign\n").expect("bootstrap.sql has its mark");
    (roles, database)
}

async fn start() -> Result<Cluster, Error> {
    let root = root_dir()?;
    own_dir(&root)?;
    let starting = lock_file(&root, "start.lock")?;
    starting.lock().map_err(failed("start.lock"))?;
    let in_use = lock_file(&root, "use.lock")?;
    in_use.lock_shared().map_err(failed("use.lock"))?;
    let bin_dir = bin_dir()?;
    let fresh = UnixStream::connect(root.join("run/.s.PGSQL.5432")).is_err();
    if fresh {
        launch(&root, &bin_dir)?;
    }
    let cluster = Cluster { root, bin_dir, template: template_name(), _in_use: in_use };
    let superuser = database::connect(&cluster, "postgres", "postgres").await?;
    if fresh {
        superuser.batch_execute(bootstrap().0).await.map_err(failed("roles"))?;
        keep(&cluster.root)?;
    }
    database::make_template(&cluster, &superuser).await?;
    database::sweep(&superuser, SWEPT_MAX).await?;
    Ok(cluster)
}

fn template_name() -> String {
    let mut all = BOOTSTRAP.to_owned();
    for (name, text) in tenancy::migrate::FILES {
        all.push_str(name);
        all.push_str(text);
    }
    format!("tmpl_{}", short_hash(all.as_bytes()))
}

fn short_hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&seal::sha256(bytes)[..6])
}

/// One directory for the test binaries of a folder; short, because a socket's path may have 103 bytes.
fn root_dir() -> Result<PathBuf, Error> {
    let binary = std::env::current_exe().map_err(failed("own path"))?;
    let folder = binary.parent().unwrap_or(&binary).as_os_str().as_encoded_bytes().to_vec();
    let key = short_hash(&[&folder, BOOTSTRAP.as_bytes()].concat());
    Ok(std::env::temp_dir().join(format!("countersign-test-{}-{key}", geteuid())))
}

/// Makes the directory, or insists that it is ours alone to write to.
fn own_dir(root: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o711).create(root) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed("test directory")(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(root).map_err(failed("test directory"))?;
    if found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(Error(format!("{} is not a directory of ours alone", root.display())))
    }
}

fn lock_file(root: &Path, name: &str) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(0o600);
    options.open(root.join(name)).map_err(failed(name))
}

/// Whom the server runs as, when that is not whom we run as.
pub(crate) fn server_user() -> Result<Option<User>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["countersign", "postgres", "nobody"] {
        if let Some(user) = User::from_name(name).map_err(failed("users"))? {
            return Ok(Some(user));
        }
    }
    Err(Error("running as root and there is no unprivileged user to run PostgreSQL as".to_owned()))
}

/// Makes a new cluster and starts its server.
fn launch(root: &Path, bin_dir: &Path) -> Result<(), Error> {
    let user = server_user()?;
    init(root, bin_dir, user.as_ref())?;
    start_server(root, bin_dir, user.as_ref(), &[])
}

/// Makes the files of a new cluster.
pub(crate) fn init(root: &Path, bin_dir: &Path, user: Option<&User>) -> Result<(), Error> {
    for name in ["pg", "run", "log"] {
        let path = root.join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(name)(error)),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&path).map_err(failed(name))?;
        if let Some(user) = user {
            chown(&path, Some(user.uid), Some(user.gid)).map_err(failed("chown"))?;
        }
    }
    let pg = root.join("pg");
    let mut initdb = tool(bin_dir, "initdb", user, root);
    initdb.arg("-D").arg(&pg).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
    run(initdb.args(["--data-checksums", "--no-sync", "--no-instructions"]), "initdb")
}

/// Starts the server of a cluster, with settings that go over ours.
pub(crate) fn start_server(root: &Path, bin_dir: &Path, user: Option<&User>, settings: &[String]) -> Result<(), Error> {
    let pg = root.join("pg");
    let mut options = format!("-c unix_socket_directories={}", root.join("run").display());
    for setting in SETTINGS.iter().copied().chain(settings.iter().map(String::as_str)) {
        options.push_str(&format!(" -c {setting}"));
    }
    let mut pg_ctl = tool(bin_dir, "pg_ctl", user, root);
    pg_ctl.args(["start", "-w", "-t", "60", "-D"]).arg(&pg).arg("-l").arg(root.join("log/server"));
    run(pg_ctl.arg("-o").arg(options), "pg_ctl start")
}

pub(crate) fn tool(bin_dir: &Path, name: &str, user: Option<&User>, root: &Path) -> Command {
    let mut command = Command::new(bin_dir.join(name));
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir(root);
    // A group of its own: what ends a test's group does not end the server.
    command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), Error> {
    let said = tempfile::tempfile().map_err(failed(what))?;
    let status = command.stderr(said.try_clone().map_err(failed(what))?).status().map_err(failed(what))?;
    if status.success() {
        return Ok(());
    }
    let mut said = said;
    let mut text = String::new();
    io::Seek::rewind(&mut said).and_then(|()| io::Read::read_to_string(&mut said, &mut text)).map_err(failed(what))?;
    Err(Error(format!("{what}: {status}: {text}")))
}

/// Starts what ends the server.
fn keep(root: &Path) -> Result<(), Error> {
    let mut keeper = Command::new("/bin/sh");
    keeper.arg("-c").arg(KEEPER).arg("keeper").arg(root).arg(IDLE_S.to_string()).current_dir("/");
    keeper.env_clear().env("PATH", "/usr/bin:/bin").process_group(0);
    keeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    keeper.spawn().map(drop).map_err(failed("the server's keeper"))
}

/// Directory of the newest server's binaries of 15 or later, or the one that `COUNTERSIGN_PG_BIN` names.
pub(crate) fn bin_dir() -> Result<PathBuf, Error> {
    if let Some(named) = std::env::var_os("COUNTERSIGN_PG_BIN").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(named));
    }
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(major, bin)| *major >= 15 && bin.join("initdb").is_file())
        .max_by_key(|(major, _)| *major);
    if let Some((_, bin)) = newest {
        return Ok(bin);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|dir| dir.join("initdb").is_file());
    on_path.ok_or_else(|| Error("no PostgreSQL server binaries found; set COUNTERSIGN_PG_BIN".to_owned()))
}

/// Whether a process is there.
pub(crate) fn is_alive(pid: i32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
