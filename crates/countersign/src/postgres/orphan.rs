//! What an earlier process may have left behind: a live server, backends without a postmaster, a stale pid file.
//!
//! The caller holds the lock of the data directory, so whatever runs on the cluster now belongs to nobody.

use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Error, SOCKET_FILE};

const SOCKET_LOCK_FILE: &str = ".s.PGSQL.5432.lock";

const FAST_SHUTDOWN_LIMIT: Duration = Duration::from_secs(20);
const IMMEDIATE_SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);
const BACKEND_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    /// Line 1; negative for a single-user server.
    pub(super) pid: i32,
    /// Line 2: the cluster.
    pub(super) pg_dir: String,
    /// Line 8, trimmed: `starting`, `ready`, `stopping`, `standby`; empty while the file is being written.
    pub(super) status: String,
}

/// Reads the file; `None` when there is none or it is not yet whole.
pub(super) fn read_pid_file(pg_dir: &Path) -> Result<Option<PidFile>, Error> {
    let path = pg_dir.join("postmaster.pid");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(parse_pid_file(&text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
        Err(source) => Err(Error::Io { act: "read", path, source }),
    }
}

fn parse_pid_file(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let pg_dir = lines.next()?.to_owned();
    let status = lines.nth(5).unwrap_or_default().trim().to_owned();
    Some(PidFile { pid, pg_dir, status })
}

/// Ends whatever still runs on the cluster and removes stale files, so that a new server can start.
pub(super) fn clear(pg_dir: &Path, socket_dir: &Path) -> Result<(), Error> {
    if let Some(file) = read_pid_file(pg_dir)?
        && let Some(pid) = postmaster_of(&file, pg_dir)
    {
        tracing::info!(pid = pid.as_raw(), "ending a PostgreSQL that an earlier process left behind");
        end(pid, Signal::SIGINT, FAST_SHUTDOWN_LIMIT)
            .or_else(|_| end(pid, Signal::SIGQUIT, IMMEDIATE_SHUTDOWN_LIMIT))
            .map_err(|_| Error::OrphanStays { pid: pid.as_raw(), pg_dir: pg_dir.to_owned() })?;
    }
    end_processes_in(pg_dir)?;
    remove_stale_files(pg_dir, socket_dir)
}

/// Ends server processes whose working directory is `dir`. PostgreSQL's processes never leave the cluster's directory,
/// so without a postmaster these are backends that have not noticed its death yet, and they block a new server.
pub(super) fn end_processes_in(dir: &Path) -> Result<(), Error> {
    for pid in processes_in(dir) {
        if end(pid, Signal::SIGQUIT, BACKEND_LIMIT).is_err() {
            // Its shared memory dies with the postmaster: nothing can be harmed any more.
            end(pid, Signal::SIGKILL, BACKEND_LIMIT)
                .map_err(|_| Error::OrphanStays { pid: pid.as_raw(), pg_dir: dir.to_owned() })?;
        }
    }
    Ok(())
}

/// PostgreSQL itself refuses to start when the number in a stale file is that of some other process of ours, or of a dead
/// server that its new parent has not waited for. Where the processes of the cluster can be listed (and were ended), the
/// files are known to be stale: the pid file of the cluster and the lock of its socket.
fn remove_stale_files(pg_dir: &Path, socket_dir: &Path) -> Result<(), Error> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    for path in [pg_dir.join("postmaster.pid"), socket_dir.join(SOCKET_LOCK_FILE), socket_dir.join(SOCKET_FILE)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &path)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// The live postmaster the file speaks of, unless its number has passed to another process since.
fn postmaster_of(file: &PidFile, pg_dir: &Path) -> Option<Pid> {
    let pid = Pid::from_raw(file.pid);
    if file.pid <= 1 || !Path::new(&file.pg_dir).canonicalize().is_ok_and(|dir| dir == pg_dir) || !alive(pid) {
        return None;
    }
    if cfg!(target_os = "linux") && !works_in(pid, pg_dir) {
        return None;
    }
    Some(pid)
}

fn processes_in(dir: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(|pid| works_in(*pid, dir))
        .collect()
}

fn works_in(pid: Pid, dir: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == dir)
        && fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "postgres")
}

/// A dead child of another process that nobody has waited for (state Z) counts as gone.
fn alive(pid: Pid) -> bool {
    if kill(pid, None).is_err() {
        return false;
    }
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return !cfg!(target_os = "linux") };
    !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Signals and waits for the end.
fn end(pid: Pid, signal: Signal, limit: Duration) -> Result<(), Errno> {
    match kill(pid, signal) {
        Err(Errno::ESRCH) => return Ok(()),
        other => other?,
    }
    let start = Instant::now();
    while start.elapsed() < limit {
        if !alive(pid) {
            return Ok(());
        }
        sleep(POLL);
    }
    Err(Errno::ETIMEDOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "4711\n/data/pg\n1795312345\n5432\n/data/run\n\n  5432001         3\nready   \n";

    #[test]
    fn a_pid_file_is_read() {
        let file = parse_pid_file(WHOLE).unwrap();
        assert_eq!(file, PidFile { pid: 4711, pg_dir: "/data/pg".into(), status: "ready".into() });
        assert_eq!(parse_pid_file("4711\n/data/pg\n1\n").unwrap().status, "");
        assert_eq!(parse_pid_file("-12\n/data/pg\n").unwrap().pid, -12);
        for broken in ["", "\n", "abc\n/data/pg\n", "4711\n", "99999999999\n/data/pg\n"] {
            assert_eq!(parse_pid_file(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_number_that_passed_to_another_process_is_no_postmaster() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        for pid in [own, -own, 0, 1, i32::MAX] {
            let file = PidFile { pid, pg_dir: dir.display().to_string(), status: "ready".into() };
            assert_eq!(postmaster_of(&file, &dir), None, "{pid}");
        }
        fs::write(dir.join("postmaster.pid"), format!("{own}\n{}\n1\n5432\n/run\n\n1 1\nready\n", dir.display()))
            .unwrap();
        clear(&dir, &dir).unwrap();
        assert!(!dir.join("postmaster.pid").exists());
    }
}
