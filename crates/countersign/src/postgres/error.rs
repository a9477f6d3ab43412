//! Why the private server does not run, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::{data_dir, privileges};

/// Why the private server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable binaries anywhere.
    #[error(
        "no PostgreSQL >= 15 server binaries found.\n  Debian/Ubuntu: apt install postgresql    macOS: brew install postgresql@17\n  or set COUNTERSIGN_PG_BIN=/path/to/bin, or DATABASE_URL=postgres://... to use a server of your own"
    )]
    NoBinaries,
    /// The cluster needs another major version than those installed.
    #[error(
        "the data directory was made by PostgreSQL {cluster}, but only [{}] found; install postgresql-{cluster} or run pg_upgrade",
        list(found)
    )]
    WrongMajor {
        /// Major version that made the cluster.
        cluster: u32,
        /// Major versions installed.
        found: Vec<u32>,
    },
    /// `PG_VERSION` of the cluster is no number.
    #[error("{} does not hold a PostgreSQL version; the cluster is damaged, restore it from a backup", .0.display())]
    UnreadableVersion(PathBuf),
    /// The socket path exceeds what the operating system takes.
    #[error("data path too long for a unix socket ({length_bytes} > 103)")]
    PathTooLong {
        /// Its length in bytes.
        length_bytes: usize,
    },
    /// A path cannot be written into PostgreSQL's configuration.
    #[error("{} holds bytes that PostgreSQL's configuration cannot name; choose another data directory", .0.display())]
    UnusablePath(PathBuf),
    /// The process still is root.
    #[error("PostgreSQL must not run as root: drop privileges to the owner of the data directory first")]
    StillRoot,
    /// The user could not be resolved.
    #[error(transparent)]
    User(#[from] privileges::Error),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// An earlier server does not end.
    #[error("an earlier PostgreSQL (pid {pid}) still runs on {} and does not stop; end it, then start again", .pg_dir.display())]
    OrphanStays {
        /// Its process id.
        pid: i32,
        /// The cluster.
        pg_dir: PathBuf,
    },
    /// A tool of PostgreSQL failed.
    #[error("{tool} failed ({status}):\n{output}")]
    Tool {
        /// `initdb` or what the server was doing.
        tool: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        output: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting ({status}); the end of its log:\n{log}")]
    EndedWhileStarting {
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// The server was not ready in time.
    #[error("PostgreSQL was not ready after {limit_s} s; the end of its log:\n{log}")]
    NotReady {
        /// The limit in seconds.
        limit_s: u64,
        /// The end of its log.
        log: String,
    },
    /// The server had to be stopped the hard way.
    #[error("PostgreSQL did not stop within {limit_s} s and was ended at once; it recovers at the next start")]
    StopTimedOut {
        /// The limit in seconds.
        limit_s: u64,
    },
    /// The thread that keeps the server ended unexpectedly.
    #[error("the thread that keeps PostgreSQL ended")]
    KeeperEnded,
    /// The operating system refused.
    #[error("cannot {act} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        act: &'static str,
        /// Where.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

impl Error {
    /// What the process should end with: 78 when another process uses the data directory, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::DataDir(data_dir::Error::InUse(_)) => data_dir::EXIT_IN_USE,
            _ => 1,
        }
    }

    /// For `map_err`: names the act and the path.
    pub(super) fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { act, path, source }
    }
}

fn list(majors: &[u32]) -> String {
    majors.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
