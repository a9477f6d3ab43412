//! `countersign serve`: from nothing to ready, and back.
//!
//! Order: drop privileges (one thread only), lock the data directory, start the database, bring the schema up to date,
//! open the listeners, say ready, then prove the claims.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tenancy::{Database, PoolSizes, Server, WorkspaceId};
use tokio::sync::watch;

use crate::begin_again::{begin_again, workers};
use crate::cli::Serve;
use crate::config::{Config, Overrides};
use crate::data_dir::{DataDir, default_root};
use crate::listeners::{self, Listeners};
use crate::operator::{Commands, sign_in_link, words};
use crate::postgres::{Access, Health, Options, PrivatePostgres};
use crate::{control, external, logs, mail, privileges, proving, sample, scratch};

/// Where the data lie for these flags.
///
/// # Errors
/// A sentence, when nobody says and no variable names a place.
pub fn data_root(flag: Option<PathBuf>) -> Result<PathBuf, String> {
    let from_environment = std::env::var_os("COUNTERSIGN_DATA").map(PathBuf::from);
    flag.or(from_environment)
        .or_else(|| default_root(nix::unistd::geteuid(), std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME")))
        .ok_or_else(|| "name a data directory with --data".to_owned())
}

/// Serves until a signal ends it.
#[must_use]
pub fn serve(flags: &Serve) -> ExitCode {
    match start(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, sentence)) => {
            eprintln!("countersign: {sentence}");
            ExitCode::from(code)
        }
    }
}

type Failure = (u8, String);

fn failed(error: impl std::fmt::Display) -> Failure {
    (1, error.to_string())
}

fn start(flags: &Serve) -> Result<(), Failure> {
    let root = match (flags.scratch, &flags.data.data) {
        (true, None) => scratch_root().map_err(failed)?,
        (_, given) => data_root(given.clone()).map_err(failed)?,
    };
    let identity = privileges::drop_to_owner_of(&root).map_err(failed)?;
    let overrides = Overrides { listen: flags.listen, listen_https: flags.listen_https };
    let config = Config::load(&root, flags.config.as_deref(), std::env::vars_os(), &overrides).map_err(failed)?;
    let data = DataDir::open(&root).map_err(|error| match error {
        error @ crate::data_dir::Error::InUse(_) => (crate::data_dir::EXIT_IN_USE, error.to_string()),
        other => failed(other),
    })?;
    let keys = data.private("keys").map_err(failed)?;
    let tls = data.private("tls").map_err(failed)?;
    let mark = data.private("mark").map_err(failed)?;
    let access = match flags.scratch {
        true => Access::Scratch { also_uid: Some(identity.started_as) },
        false => Access::Product,
    };
    let url = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    let private = match &url {
        Some(_) => None,
        None => {
            let options = Options::from_environment(data.clone(), access);
            Some(PrivatePostgres::start(&options).map_err(|error| (error.exit_code(), error.to_string()))?)
        }
    };
    // The database works beside us: with a thread for each core the two would only wake each other more often. On two
    // cores one thread answered a read for about three quarters of the CPU of two.
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.div_ceil(2))
        .enable_all()
        .build()
        .map_err(failed)?;
    let paths = Paths { root, keys, tls, mark };
    let outcome = runtime.block_on(run(flags, &config, &paths, private.as_ref(), url.as_deref()));
    runtime.shutdown_timeout(Duration::from_secs(5));
    if let Some(server) = private {
        server.stop().map_err(failed)?;
    }
    outcome.map_err(failed)
}

/// A new directory for a throw-away instance.
fn scratch_root() -> Result<PathBuf, String> {
    let name = format!("countersign-scratch-{}", data_encoding::HEXLOWER.encode(&seal::random::<6>()));
    Ok(std::env::temp_dir().join(name))
}

struct Paths {
    root: PathBuf,
    keys: PathBuf,
    tls: PathBuf,
    mark: PathBuf,
}

async fn run(
    flags: &Serve,
    config: &Config,
    paths: &Paths,
    private: Option<&PrivatePostgres>,
    url: Option<&str>,
) -> Result<(), String> {
    let mut signals = Signals::heard()?;
    let tail = logs::start(logs::level());
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return Err("another cryptography provider was installed before ours".to_owned());
    }
    let server = reached(private, url, paths).await?;
    let keys = paths.keys.clone();
    let vault = tokio::task::spawn_blocking(move || seal::Vault::open_local(&keys)).await.map_err(words)?;
    let vault = Arc::new(vault.map_err(words)?);
    tenancy::migrate::migrate(&server).await.map_err(words)?;
    let sizes = PoolSizes { app: config.limits.database_connections_max, ..PoolSizes::default() };
    let db = Database::open(&server, Arc::clone(&vault), sizes).map_err(words)?;
    let (platform, first_start) = workspaces(&db, flags).await?;
    let mark = begin_again(&db, platform, &paths.mark).await?;
    let app = proving::app(&db, config, platform);
    let listeners = Listeners::open(config, &paths.tls, app.app.clone()).await?;
    let base_url = listeners.base_url(config);
    let door = flags.scratch.then(|| scratch::PlainDoor::new(web::router(app.app.clone(), web::Listener::Plain)));
    let proof = proving::Proof::prepare(&db, &listeners, tail).await?;
    app.trust.set(Arc::clone(&proof));
    let (integrator, cosigning) = workers(&db, config, &base_url, platform, mark).await?;
    let commands = Commands {
        db: db.clone(),
        platform,
        base_url: base_url.clone(),
        exports: paths.root.join("exports"),
        integrator: integrator.clone(),
        checks: proof.clone(),
        door,
    };
    let control = control::listen(&paths.root, Arc::new(commands)).map_err(words)?;
    let (stop, stopped) = watch::channel(false);
    let courier = tokio::spawn(mail::courier(&db, config, &base_url, &paths.root)?.run(stopped.clone()));
    let integrator = tokio::spawn(integrator.run(stopped.clone()));
    // Each of their steps can be done again, so they are ended wherever they are.
    let abrupt = [
        tokio::spawn(cosigning.run(stopped.clone())),
        tokio::spawn(ledger::Eraser::new(db.clone()).run(stopped.clone())),
        tokio::spawn(ledger::Ender::new(db.clone(), platform).run(stopped.clone())),
        tokio::spawn(ledger::Keeper::new(db.clone()).run(stopped.clone())),
    ];
    let streamer = tokio::spawn(ledger::stream::Streamer::new(db.clone(), config.private_receivers).run(stopped));
    announce(&db, &listeners, &base_url, flags, paths, first_start).await?;
    let proving = tokio::spawn(Arc::clone(&proof).keep_proving());
    let keeping = tokio::spawn(keep(vault, listeners.clone(), config.clone(), paths.tls.clone()));
    wait_for_the_end(&mut signals, private).await;
    stop.send_replace(true);
    proving.abort();
    keeping.abort();
    control.abort();
    listeners.close().await;
    abrupt.iter().for_each(tokio::task::JoinHandle::abort);
    if tokio::time::timeout(Duration::from_secs(5), integrator).await.is_err() {
        tracing::warn!("the integrator did not end in time; its tick is undone and done again at the next start");
    }
    if tokio::time::timeout(Duration::from_secs(2), streamer).await.is_err() {
        tracing::warn!("the streamer did not end in time; its batches are sent again at the next start");
    }
    if tokio::time::timeout(Duration::from_secs(10), courier).await.is_err() {
        tracing::warn!("the courier did not end in time; what it held comes back at the next start");
    }
    Ok(())
}

/// How the database is reached: the private one, or the one that was named.
async fn reached(private: Option<&PrivatePostgres>, url: Option<&str>, paths: &Paths) -> Result<Server, String> {
    match (private, url) {
        (Some(private), _) => Ok(Server {
            host: tenancy::Host::Socket(private.socket_dir().to_owned()),
            database: crate::postgres::DATABASE.to_owned(),
            passwords: std::collections::BTreeMap::new(),
            port: 5432,
            tls: None,
        }),
        (None, Some(url)) => external::prepare(url, &paths.keys).await,
        (None, None) => Err("no database".to_owned()),
    }
}

/// The platform's own workspace, the sample of a first start, and whether this is one.
async fn workspaces(db: &Database, flags: &Serve) -> Result<(WorkspaceId, bool), String> {
    use identity::workspaces::{Made, create};
    let (platform, first) = match create(db, "platform", "Platform").await.map_err(words)? {
        Made::Now(id) => (id, true),
        Made::Before(id) => (id, false),
    };
    if first {
        sample::add_operator(db, platform).await?;
    }
    if first && !flags.no_sample {
        sample::make(db).await?;
    }
    Ok((platform, first))
}

/// Says ready, and on a first start hands the owner of the sample a link.
async fn announce(
    db: &Database,
    listeners: &Listeners,
    base_url: &str,
    flags: &Serve,
    paths: &Paths,
    first_start: bool,
) -> Result<(), String> {
    let data = paths.root.display();
    let mut lines = vec![
        format!("ready {base_url}"),
        format!("  https {}  (authority: {})", listeners.https_base(), paths.tls.join("ca.pem").display()),
    ];
    if first_start && !flags.no_sample {
        let workspace = db.workspace_of(sample::SLUG).await.map_err(words)?;
        let secret = sign_in_link(db, workspace, sample::OWNER).await?;
        lines.push(format!("  sign in as {}: {base_url}/link/{}/{secret}", sample::OWNER, sample::SLUG));
    }
    lines.push(format!("  be anybody: countersign link create --data {data} --as member@sample.test"));
    lines.push(format!(
        "  make workspaces on a page: countersign link create --data {data} --workspace platform --as {}",
        sample::OPERATOR
    ));
    if flags.scratch {
        lines.push(format!("  scratch: data in {data}; break it with"));
        lines.push(format!("    psql -h {} -U postgres countersign", paths.root.join("run").display()));
    }
    lines.push(String::new());
    // Whoever started us may have read `ready` and closed the pipe: no reason to end.
    let mut stdout = std::io::stdout().lock();
    let said = std::io::Write::write_all(&mut stdout, lines.join("\n").as_bytes());
    if said.and_then(|()| std::io::Write::flush(&mut stdout)).is_err() {
        tracing::warn!("nobody reads what is said at the start");
    }
    Ok(())
}

/// The signals that end the server, heard from before it says ready.
pub(crate) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn heard() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let unheard = |error: std::io::Error| format!("signals cannot be heard: {error}");
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(unheard)?,
            int: signal(SignalKind::interrupt()).map_err(unheard)?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn any(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Ends with a signal, or with a database that cannot be brought back.
async fn wait_for_the_end(signals: &mut Signals, private: Option<&PrivatePostgres>) {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = signals.any() => return,
            _ = look.tick() => {
                if private.is_some_and(|server| matches!(server.health(), Health::Failed { .. })) {
                    tracing::error!("the private PostgreSQL cannot be started again; ending");
                    return;
                }
            }
        }
    }
}

/// Once a minute: the root is confirmed, old keys leave the cache; once a day the local certificate is looked at.
async fn keep(vault: Arc<seal::Vault>, listeners: Listeners, config: Config, tls: PathBuf) {
    let mut minutes = 0_u64;
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        minutes += 1;
        let vault = Arc::clone(&vault);
        let kept = tokio::task::spawn_blocking(move || {
            vault.sweep();
            vault.confirm_root()
        });
        if !matches!(kept.await, Ok(Ok(_))) {
            tracing::warn!("the root key could not be confirmed");
        }
        if minutes.is_multiple_of(24 * 60)
            && let Err(error) = listeners::reload(&listeners, &config, &tls).await
        {
            tracing::warn!(error, "the certificate could not be renewed");
        }
    }
}
