//! The server's own private cluster, used from beside it: a database of its own for `pgbench` and
//! the bare handler, so that both stand on the same disk, memory and settings.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::Failure;
use crate::server::{Server, owner, postmaster_pid};

use super::load::{CONNECTIONS, Tally};

/// The database beside the product's.
pub(super) const DATABASE: &str = "bench";

/// The administrator that a scratch instance lets in.
pub(super) const USER: &str = "postgres";

/// A private cluster while its server runs.
pub(super) struct Cluster {
    /// Folder of the socket.
    pub(super) socket: PathBuf,
    /// First process of PostgreSQL.
    pub(super) postmaster: i32,
    /// User and group it runs as.
    pub(super) owner: (u32, u32),
    programs: PathBuf,
}

impl Cluster {
    pub(super) fn of(server: &Server) -> Result<Self, Failure> {
        let postmaster = postmaster_pid(server.data())?;
        let program = std::fs::read_link(format!("/proc/{postmaster}/exe"))?;
        let programs = program.parent().ok_or("postgres lies in no folder")?.to_path_buf();
        let owner = owner(server.data())?;
        Ok(Self { socket: server.data().join("run"), postmaster, owner, programs })
    }

    /// Makes the database with pgbench's tables at scale 10 (a million accounts, 150 MB).
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        self.run("psql", &["-qX", "-d", "postgres", "-c", &format!("CREATE DATABASE {DATABASE}")])?;
        self.run("pgbench", &["-i", "-q", "-s", "10", DATABASE])?;
        Ok(())
    }

    /// Runs statements in a database as the administrator, and returns what they answer, a row a line.
    pub(super) fn sql(&self, database: &str, statements: &str) -> Result<String, Failure> {
        self.run("psql", &["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statements])
    }

    /// Makes a database with the schema of another one and none of its rows; `file` is written on the way.
    pub(super) fn copy_schema(&self, from: &str, to: &str, file: &str) -> Result<(), Failure> {
        self.run("pg_dump", &["--schema-only", "-f", file, from])?;
        self.sql("postgres", &format!("CREATE DATABASE {to}"))?;
        self.run("psql", &["-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", to, "-f", file])?;
        Ok(())
    }

    /// Runs scripts with pgbench, each as often as the others, with a variable and with options for its connections.
    pub(super) fn scripts(
        &self,
        database: &str,
        scripts: &[String],
        variable: &str,
        options: &str,
        length: Duration,
    ) -> Result<Tally, Failure> {
        let (clients, seconds) = (CONNECTIONS.to_string(), length.as_secs().to_string());
        let mut arguments = vec!["-n", "-M", "prepared", "-c", &clients, "-j", "1", "-T", &seconds, "-D", variable];
        scripts.iter().for_each(|script| arguments.extend(["-f", script]));
        arguments.push(database);
        let printed = self.run_with("pgbench", &arguments, options)?;
        let operations = processed(&printed).ok_or_else(|| format!("pgbench printed: {printed}"))?;
        Ok(Tally { operations, elapsed: length, cpu_us: 0 })
    }

    /// `pgbench -n -M prepared -c 8 -j 1 -T length` with `script`, `-S` or `-N`.
    pub(super) fn pgbench(&self, script: &str, length: Duration) -> Result<Tally, Failure> {
        let clients = CONNECTIONS.to_string();
        let seconds = length.as_secs().to_string();
        let arguments = [script, "-n", "-M", "prepared", "-c", &clients, "-j", "1", "-T", &seconds, DATABASE];
        let printed = self.run("pgbench", &arguments)?;
        let operations = processed(&printed).ok_or_else(|| format!("pgbench printed: {printed}"))?;
        Ok(Tally { operations, elapsed: length, cpu_us: 0 })
    }

    /// Runs a program of PostgreSQL as the cluster's user and returns what it printed.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Failure> {
        self.run_with(program, arguments, "")
    }

    /// The same with options for the connections it makes (`PGOPTIONS`).
    fn run_with(&self, program: &str, arguments: &[&str], options: &str) -> Result<String, Failure> {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.socket).args(["-p", "5432", "-U", USER]).args(arguments);
        command.env("PGOPTIONS", options).current_dir("/");
        if geteuid().is_root() {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        let done = command.output()?;
        if !done.status.success() {
            return Err(format!("{program}: {}", String::from_utf8_lossy(&done.stderr)).into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

/// Transactions that pgbench says it processed.
fn processed(printed: &str) -> Option<u64> {
    let line = printed.lines().find_map(|line| line.strip_prefix("number of transactions actually processed: "))?;
    line.split('/').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::processed;

    #[test]
    fn the_count_is_found() {
        let printed = "scaling factor: 10\nnumber of transactions actually processed: 1234\n";
        assert_eq!(processed(printed), Some(1234));
        assert_eq!(processed("nothing"), None);
    }
}
