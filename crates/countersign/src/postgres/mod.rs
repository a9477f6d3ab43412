//! The private PostgreSQL: a server of our own for an installation without `DATABASE_URL`.
//!
//! It is the installed PostgreSQL (15 or later), run as a direct child, on a unix socket only, by the same unprivileged
//! user as this process, with every durability setting on. Peer authentication maps that user to the product's roles;
//! there are no passwords, and outside [`Access::Scratch`] nobody can become superuser.
//! What must stay true: at most one server runs on a cluster; none outlives this process by more than its clean
//! shutdown; nothing acknowledged is lost by killing either. The order of the steps is that of [`PrivatePostgres::start`].

mod binaries;
mod bootstrap;
mod cluster;
mod error;
mod keeper;
mod orphan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, geteuid};

pub use self::bootstrap::{BOOTSTRAP_SQL, Bootstrap, bootstrap_sections};
pub use self::error::Error;
pub use self::keeper::Health;

use self::keeper::Keeper;
use crate::data_dir::DataDir;
use crate::privileges::name_of;

/// Longest path of a unix socket that every supported system takes, in bytes.
pub const SOCKET_PATH_MAX_BYTES: usize = 103;

/// Name of the database of the product in the private cluster.
pub const DATABASE: &str = "countersign";

/// Roles the process's own user may log in as through the socket.
pub const MAPPED_ROLES: [&str; 9] = [
    "countersign_app",
    "countersign_auth",
    "countersign_worker",
    "countersign_operator",
    "countersign_migrate",
    "countersign_probe",
    "countersign_integrator",
    "countersign_custody",
    "countersign_backup",
];

const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// Who may become superuser of the private cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody.
    Product,
    /// A scratch instance for visitors: the server's user, and `also_uid` if given, may log in as `postgres` and as any
    /// role of the product.
    Scratch {
        /// The user that started the process, for instance root; root passes the modes of the socket directory.
        also_uid: Option<Uid>,
    },
}

/// What [`PrivatePostgres::start`] needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The locked data directory.
    pub data: DataDir,
    /// Who may become superuser.
    pub access: Access,
    /// Directory with the server's binaries; the only place looked at when given (`COUNTERSIGN_PG_BIN`).
    pub binaries: Option<PathBuf>,
    /// Directories to look for `pg_config` and `postgres` in, separated by colons (`PATH`).
    pub search_path: Option<OsString>,
}

impl Options {
    /// Options with `COUNTERSIGN_PG_BIN` and `PATH` of the environment.
    #[must_use]
    pub fn from_environment(data: DataDir, access: Access) -> Self {
        let binaries = std::env::var_os("COUNTERSIGN_PG_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { data, access, binaries, search_path: std::env::var_os("PATH") }
    }
}

/// A running private server. Dropping it stops the server cleanly.
#[derive(Debug)]
pub struct PrivatePostgres {
    keeper: Keeper,
    socket_dir: PathBuf,
    bin_dir: PathBuf,
    // Last, so that the lock is given back after the server has stopped.
    _data: DataDir,
}

impl PrivatePostgres {
    /// Finds the binaries, ends an orphan of an earlier process, makes the cluster if there is none, starts the server
    /// and returns once it takes connections (at most 120 s). A server that dies later is started again by itself; see
    /// [`PrivatePostgres::health`]. Blocks: call it before the runtime is built, or from a blocking thread.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::exit_code`] is what the process should end with.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let uid = geteuid();
        if uid.is_root() {
            return Err(Error::StillRoot);
        }
        let user = name_of(uid)?;
        let socket_dir = options.data.root().join("run");
        let pg_dir = options.data.root().join("pg");
        check_socket_path(&socket_dir)?;
        let bin_dir = binaries::find(options, cluster::major_of(&pg_dir)?)?;
        options.data.private("run")?;
        orphan::clear(&pg_dir, &socket_dir)?;
        if !pg_dir.join("PG_VERSION").exists() {
            cluster::make(&options.data, &bin_dir)?;
        }
        options.data.private("pg")?;
        let also = match options.access {
            Access::Scratch { also_uid: Some(other) } if other != uid => Some(name_of(other)?),
            _ => None,
        };
        cluster::write_configuration(&pg_dir, &socket_dir, options.access, &user, also.as_deref())?;
        let keeper = Keeper::start(keeper::Server {
            program: bin_dir.join("postgres"),
            log: options.data.root().join("postgres.log"),
            pg_dir,
            socket_dir: socket_dir.clone(),
        })?;
        Ok(Self { keeper, socket_dir, bin_dir, _data: options.data.clone() })
    }

    /// Directory of the unix socket: the `host` of a connection; the port is 5432.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Directory of the binaries in use (`psql`, `pg_dump` and others may be there too).
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// Process id of the running server; `None` while it is being started again or has failed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match self.keeper.health() {
            Health::Running { pid, .. } => Some(pid),
            Health::Restarting { .. } | Health::Failed { .. } | Health::Stopped => None,
        }
    }

    /// How the server is at this moment. After [`Health::Failed`] the process should end with the reason.
    #[must_use]
    pub fn health(&self) -> Health {
        self.keeper.health()
    }

    /// Stops the server: fast shutdown, at most 60 s, then an immediate one.
    ///
    /// # Errors
    /// [`Error::StopTimedOut`] when it had to be stopped the hard way (the next start recovers).
    pub fn stop(mut self) -> Result<(), Error> {
        self.keeper.stop()
    }
}

fn check_socket_path(socket_dir: &Path) -> Result<(), Error> {
    let length_bytes = socket_dir.join(SOCKET_FILE).as_os_str().len();
    if length_bytes > SOCKET_PATH_MAX_BYTES {
        return Err(Error::PathTooLong { length_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_may_have_103_bytes_and_no_more() {
        let dir = |length: usize| PathBuf::from(format!("/{}", "d".repeat(length - SOCKET_FILE.len() - 2)));
        check_socket_path(&dir(103)).unwrap();
        let refused = check_socket_path(&dir(104)).unwrap_err();
        assert_eq!(refused.to_string(), "data path too long for a unix socket (104 > 103)");
    }
}
