//! The thread that owns the server: starts it, waits until it is ready, starts it again when it dies, stops it.
//!
//! It is a thread of its own because the parent-death signal follows the *thread* that started the child: on a runtime's
//! blocking thread, which ends when idle, the server would be taken along.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use super::{Error, orphan};

const READY_POLL: Duration = Duration::from_millis(5);
const READY_LIMIT: Duration = Duration::from_secs(120);
const WATCH_POLL: Duration = Duration::from_millis(50);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// Attempts to start a server that died, with growing pauses (0.1 s doubling up to 5 s): about 40 s in all.
const RESTART_ATTEMPTS_MAX: u32 = 12;
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(5);

const LOG_MAX_BYTES: u64 = 8 * 1024 * 1024;
const LOG_LOOK_EVERY: Duration = Duration::from_secs(30);
const LOG_TAIL_BYTES: u64 = 4096;

/// What to run, and where.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) program: PathBuf,
    pub(super) pg_dir: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
}

/// How the server is at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It takes connections.
    Running {
        /// Process id of the postmaster.
        pid: u32,
        /// How often it had to be started again.
        restarts: u32,
    },
    /// It died and is being started again.
    Restarting {
        /// How often it had to be started again, this time included.
        restarts: u32,
    },
    /// It died and could not be started again.
    Failed {
        /// The last reason.
        reason: String,
    },
    /// It was told to stop.
    Stopped,
}

#[derive(Debug)]
struct Shared {
    stopping: AtomicBool,
    health: Mutex<Health>,
}

impl Shared {
    fn set(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Keeper {
    /// Starts the thread and waits until the server is ready.
    pub(super) fn start(server: Server) -> Result<Self, Error> {
        let shared = Arc::new(Shared { stopping: AtomicBool::new(false), health: Mutex::new(Health::Stopped) });
        let (report, started) = mpsc::sync_channel(1);
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keep(&server, &of_thread, &report))
            .map_err(Error::io("start a thread in", Path::new("postgres")))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self { shared, thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(mpsc::RecvError) => Err(Error::KeeperEnded),
        }
    }

    pub(super) fn health(&self) -> Health {
        self.shared.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stop(&mut self) -> Result<(), Error> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.shared.stopping.store(true, Ordering::Release);
        thread.thread().unpark();
        thread.join().unwrap_or(Err(Error::KeeperEnded))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "stopping PostgreSQL");
        }
    }
}

fn keep(server: &Server, shared: &Shared, report: &mpsc::SyncSender<Result<(), Error>>) -> Result<(), Error> {
    let mut child = match launch(server, shared) {
        Ok(child) => child,
        Err(error) => {
            // The caller waits for this one answer; if it is gone there is nobody left to tell.
            drop(report.send(Err(error)));
            return Ok(());
        }
    };
    let mut restarts = 0;
    shared.set(Health::Running { pid: child.id(), restarts });
    drop(report.send(Ok(())));
    let mut log_looked_at = Instant::now();
    while !shared.stopping() {
        if let Some(status) = ended(&mut child) {
            restarts += 1;
            shared.set(Health::Restarting { restarts });
            tracing::error!(%status, restarts, "PostgreSQL ended unexpectedly and is started again");
            match relaunch(server, shared) {
                Ok(again) => child = again,
                Err(error) => {
                    tracing::error!(%error, "PostgreSQL could not be started again");
                    shared.set(Health::Failed { reason: error.to_string() });
                    return Ok(());
                }
            }
            shared.set(Health::Running { pid: child.id(), restarts });
        }
        if log_looked_at.elapsed() >= LOG_LOOK_EVERY {
            log_looked_at = Instant::now();
            bound_log(&server.log);
        }
        thread::park_timeout(WATCH_POLL);
    }
    let stopped = stop(&mut child);
    shared.set(Health::Stopped);
    stopped
}

fn relaunch(server: &Server, shared: &Shared) -> Result<Child, Error> {
    let mut pause = Duration::from_millis(100);
    let mut attempt = 1;
    loop {
        match orphan::clear(&server.pg_dir, &server.socket_dir).and_then(|()| launch(server, shared)) {
            Ok(child) => return Ok(child),
            Err(error) if attempt >= RESTART_ATTEMPTS_MAX || shared.stopping() => return Err(error),
            Err(error) => tracing::warn!(%error, attempt, "PostgreSQL did not start; trying again"),
        }
        attempt += 1;
        thread::park_timeout(pause);
        pause = (pause * 2).min(RESTART_PAUSE_MAX);
    }
}

/// Starts the server and waits until it is ready: the pid file must name *our* child, for a stale one says ready too.
fn launch(server: &Server, shared: &Shared) -> Result<Child, Error> {
    bound_log(&server.log);
    let log_from_bytes = fs::metadata(&server.log).map(|found| found.len()).unwrap_or(0);
    let mut child = spawn(server)?;
    let pid = i32::try_from(child.id()).expect("a process id fits its C type");
    let start = Instant::now();
    while start.elapsed() < READY_LIMIT && !shared.stopping() {
        if let Some(status) = ended(&mut child) {
            let log = tail(&server.log, log_from_bytes);
            return Err(Error::EndedWhileStarting { status: status.to_string(), log });
        }
        match orphan::read_pid_file(&server.pg_dir) {
            Ok(Some(file)) if file.pid == pid && file.status == "ready" => return Ok(child),
            _ => thread::sleep(READY_POLL),
        }
    }
    stop(&mut child)?;
    Err(Error::NotReady { limit_s: READY_LIMIT.as_secs(), log: tail(&server.log, log_from_bytes) })
}

fn spawn(server: &Server) -> Result<Child, Error> {
    let open = || OpenOptions::new().create(true).append(true).mode(0o600).open(&server.log);
    let log = open().map_err(Error::io("open", &server.log))?;
    let also = log.try_clone().map_err(Error::io("open", &server.log))?;
    let mut command = Command::new(&server.program);
    command.arg("-D").arg(&server.pg_dir).current_dir(&server.pg_dir);
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::null()).stdout(log).stderr(also);
    // Its own group: a Ctrl-C at the terminal is for this process, which then stops the server in order.
    command.process_group(0);
    die_with_parent(&mut command);
    command.spawn().map_err(Error::io("run", &server.program))
}

/// Has the kernel send SIGINT (fast shutdown) to the child when the calling thread ends, however it ends.
pub(super) fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    let in_child = move || {
        if nix::unistd::geteuid().is_root() {
            return Err(io::Error::from(nix::Error::EPERM));
        }
        #[cfg(target_os = "linux")]
        nix::sys::prctl::set_pdeathsig(Signal::SIGINT)?;
        // The parent may have died before the request was made; then nobody would ever send the signal.
        if nix::unistd::getppid() != parent {
            return Err(io::Error::from(nix::Error::ESRCH));
        }
        Ok(())
    };
    #[expect(
        unsafe_code,
        reason = "the parent-death signal can only be asked for in the child, between fork and exec; \
        the closure makes four plain system calls, allocates nothing and takes no lock"
    )]
    // SAFETY: the closure is async-signal-safe: geteuid, prctl, getppid and the making of an OS error from a number.
    unsafe {
        command.pre_exec(in_child);
    }
}

/// The child's end, if it has ended. A failing wait means that somebody else took its status: it is gone too.
fn ended(child: &mut Child) -> Option<String> {
    match child.try_wait() {
        Ok(status) => status.map(|status: ExitStatus| status.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn stop(child: &mut Child) -> Result<(), Error> {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id fits its C type"));
    for (signal, limit) in [(Signal::SIGINT, STOP_LIMIT), (Signal::SIGQUIT, IMMEDIATE_STOP_LIMIT)] {
        if ended(child).is_some() {
            return Ok(());
        }
        // The child is ours and not waited for, so its number cannot have passed to another process.
        if kill(pid, signal).is_err() {
            continue;
        }
        let start = Instant::now();
        while start.elapsed() < limit {
            if ended(child).is_some() {
                return if signal == Signal::SIGINT { Ok(()) } else { Err(stop_timed_out()) };
            }
            thread::sleep(READY_POLL);
        }
    }
    drop(child.kill());
    drop(child.wait());
    Err(stop_timed_out())
}

fn stop_timed_out() -> Error {
    Error::StopTimedOut { limit_s: STOP_LIMIT.as_secs() }
}

/// Empties a log past its bound. The server appends, so it goes on writing at the new end.
fn bound_log(log: &Path) {
    if fs::metadata(log).is_ok_and(|found| found.len() > LOG_MAX_BYTES) {
        let emptied = OpenOptions::new().write(true).open(log).and_then(|file| file.set_len(0));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the log of PostgreSQL could not be emptied");
        }
    }
}

/// What was written since `from_bytes`, its end if it is long.
fn tail(log: &Path, from_bytes: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length_bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(from_bytes.max(length_bytes.saturating_sub(LOG_TAIL_BYTES))))?;
        let mut text = Vec::new();
        file.take(LOG_TAIL_BYTES).read_to_end(&mut text)?;
        Ok(text)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_its_end_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("postgres.log");
        assert_eq!(tail(&log, 0), "");
        let file = File::create(&log).unwrap();
        file.set_len(LOG_MAX_BYTES).unwrap();
        bound_log(&log);
        assert_eq!(fs::metadata(&log).unwrap().len(), LOG_MAX_BYTES);
        file.set_len(LOG_MAX_BYTES + 1).unwrap();
        bound_log(&log);
        assert_eq!(fs::metadata(&log).unwrap().len(), 0);
        fs::write(&log, "old\nnew\n").unwrap();
        assert_eq!(tail(&log, 4), "new");
        fs::write(&log, "x".repeat(5000)).unwrap();
        assert_eq!(tail(&log, 0).len(), 4096);
    }
}
