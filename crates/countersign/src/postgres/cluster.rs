//! Making the cluster, and the configuration written at every start.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::bootstrap::bootstrap_sections;
use super::{Access, DATABASE, Error, MAPPED_ROLES, keeper, orphan};
use crate::data_dir::DataDir;

/// The cluster is made here and renamed when it is whole, so that `pg` never holds a half-made one.
const HALF_MADE: &str = "pg.new";

/// How often a half-made cluster is removed that is still written to, every 50 ms.
const REMOVE_TRIES_MAX: u32 = 40;

/// Bound on what is kept of a tool's output for an error, in bytes.
const OUTPUT_MAX_BYTES: usize = 4096;

/// The fixed settings. Durability is stated though it is the default: a live check compares. Nothing of a statement, its
/// parameters or a row goes to the log.
const SETTINGS: &str = "\
listen_addresses = ''
unix_socket_permissions = 0700
port = 5432
max_connections = 60
shared_buffers = 64MB
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = replica
wal_compression = on
max_wal_size = 512MB
min_wal_size = 80MB
checkpoint_timeout = 5min
max_wal_senders = 4
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
default_text_search_config = 'pg_catalog.simple'
jit = off
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = 'none'
log_checkpoints = off
log_autovacuum_min_duration = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
";

/// Major version that made the cluster; `None` when there is none.
pub(super) fn major_of(pg_dir: &Path) -> Result<Option<u32>, Error> {
    let path = pg_dir.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().parse().map_err(|_| Error::UnreadableVersion(path))?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::UnreadableVersion(path)),
        Err(source) => Err(Error::Io { act: "read", path, source }),
    }
}

/// Makes the cluster with its roles, database and schemas, all before any socket exists. On failure nothing stays.
pub(super) fn make(data: &DataDir, bin_dir: &Path) -> Result<(), Error> {
    let half_made = data.root().join(HALF_MADE);
    let pg_dir = data.root().join("pg");
    remove_half_made(&half_made)?;
    // An empty directory, for instance a mount point's leftover, is no cluster; a full one makes the rename fail.
    if let Err(error) = fs::remove_dir(&pg_dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(Error::io("replace", &pg_dir)(error));
    }
    let made = init(&half_made, bin_dir).and_then(|()| run_bootstrap(&half_made, bin_dir));
    if let Err(error) = made {
        remove_half_made(&half_made)?;
        return Err(error);
    }
    fs::rename(&half_made, &pg_dir).map_err(Error::io("rename", &half_made))?;
    fs::File::open(data.root()).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", data.root()))
}

fn remove_half_made(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    // initdb's own child may outlive it by a moment, and may write while we remove.
    for _ in 1..REMOVE_TRIES_MAX {
        orphan::end_processes_in(path)?;
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => return other.map_err(Error::io("remove", path)),
        }
    }
    fs::remove_dir_all(path).map_err(Error::io("remove", path))
}

fn init(dir: &Path, bin_dir: &Path) -> Result<(), Error> {
    let mut command = tool(&bin_dir.join("initdb"), dir.parent().unwrap_or(dir));
    command.arg("-D").arg(dir).args(["-U", "postgres", "-A", "peer", "-E", "UTF8", "--locale=C"]);
    command.args(["--data-checksums", "--no-instructions"]).stdin(Stdio::null());
    let output = command.output().map_err(Error::io("run", &bin_dir.join("initdb")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Tool { tool: "initdb", status: output.status.to_string(), output: end_of(&output.stderr) })
}

/// Feeds the bootstrap statements to single-user servers: no superuser ever gets a socket.
fn run_bootstrap(dir: &Path, bin_dir: &Path) -> Result<(), Error> {
    let sections = bootstrap_sections();
    let cluster_wide = format!("{}\n\n{}", sections.cluster, sections.create_database);
    single_user(dir, bin_dir, "postgres", &cluster_wide)?;
    single_user(dir, bin_dir, DATABASE, sections.database)
}

fn single_user(dir: &Path, bin_dir: &Path, database: &str, sql: &str) -> Result<(), Error> {
    let program = bin_dir.join("postgres");
    let mut command = tool(&program, dir);
    command.args(["--single", "-j", "-c", "exit_on_error=true", "-D"]).arg(dir).arg(database);
    // What it prints goes to files, so that a full pipe can never stop both sides.
    let said = tempfile_in(dir, "bootstrap.out")?;
    let also = said.try_clone().map_err(Error::io("open", dir))?;
    let mut child =
        command.stdin(Stdio::piped()).stdout(said).stderr(also).spawn().map_err(Error::io("run", &program))?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(sql.as_bytes()));
    let status = child.wait().map_err(Error::io("wait for", &program))?;
    let path = dir.join("bootstrap.out");
    let output = fs::read(&path).unwrap_or_default();
    if !status.success() {
        return Err(Error::Tool { tool: "setting up the roles", status: status.to_string(), output: end_of(&output) });
    }
    written.map_err(Error::io("write to", &program))?;
    fs::remove_file(&path).map_err(Error::io("remove", &path))
}

fn tempfile_in(dir: &Path, name: &str) -> Result<fs::File, Error> {
    let path = dir.join(name);
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600).open(&path).map_err(Error::io("make", &path))
}

/// A tool with an empty environment that dies with this process.
fn tool(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir(dir);
    keeper::die_with_parent(&mut command);
    command
}

/// Writes `postgresql.conf`, `pg_hba.conf` and `pg_ident.conf`.
pub(super) fn write_configuration(
    pg_dir: &Path,
    socket_dir: &Path,
    access: Access,
    user: &str,
    also: Option<&str>,
) -> Result<(), Error> {
    let directory = quote_path(socket_dir).ok_or_else(|| Error::UnusablePath(socket_dir.to_owned()))?;
    let mut users = vec![user];
    users.extend(also);
    let ident = ident_lines(&users, access).ok_or_else(|| Error::UnusablePath(pg_dir.to_owned()))?;
    let head = "# Written by Countersign at every start; changes are lost.\n";
    replace(&pg_dir.join("postgresql.conf"), &format!("{head}{SETTINGS}unix_socket_directories = {directory}\n"))?;
    replace(&pg_dir.join("pg_hba.conf"), &format!("{head}local all all peer map=countersign\n"))?;
    replace(&pg_dir.join("pg_ident.conf"), &format!("{head}{ident}"))
}

/// One line a user and role; `None` for a user name that the file's syntax would read as something else.
fn ident_lines(users: &[&str], access: Access) -> Option<String> {
    let mut text = String::new();
    for user in users {
        if user.is_empty() || user.starts_with('/') || user.contains(['"', '\n', '\r', '\\']) {
            return None;
        }
        let superuser = matches!(access, Access::Scratch { .. }).then_some("postgres");
        for role in MAPPED_ROLES.into_iter().chain(superuser) {
            text.push_str(&format!("countersign \"{user}\" {role}\n"));
        }
    }
    Some(text)
}

/// A path as one element of a list setting: in double quotes for the list, in single quotes for the file.
fn quote_path(path: &Path) -> Option<String> {
    let text = path.as_os_str().to_str().filter(|text| !text.contains(['\n', '\r']))?;
    let element = format!("\"{}\"", text.replace('"', "\"\""));
    Some(format!("'{}'", element.replace('\\', "\\\\").replace('\'', "''")))
}

/// Replaces a file as a whole, so that a crash leaves the old or the new one.
fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let mut new = path.as_os_str().to_owned();
    new.push(OsStr::new(".new"));
    let new = Path::new(&new);
    let write = || {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(new, path)
    };
    write().map_err(Error::io("write", path))
}

fn end_of(output: &[u8]) -> String {
    let from = output.len().saturating_sub(OUTPUT_MAX_BYTES);
    String::from_utf8_lossy(&output[from..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_list_and_for_the_file() {
        for (path, quoted) in [
            ("/data/run", Some("'\"/data/run\"'")),
            ("/o'brien, inc/run", Some("'\"/o''brien, inc/run\"'")),
            ("/a\"b/run", Some("'\"/a\"\"b/run\"'")),
            ("/a\\b", Some("'\"/a\\\\b\"'")),
            ("/a\nb", None),
        ] {
            assert_eq!(quote_path(Path::new(path)).as_deref(), quoted, "{path:?}");
        }
    }

    #[test]
    fn only_a_scratch_instance_maps_to_the_superuser() {
        let product = ident_lines(&["cs"], Access::Product).unwrap();
        assert_eq!(product.lines().count(), MAPPED_ROLES.len());
        assert!(!product.contains("postgres"));
        let scratch = ident_lines(&["cs", "root"], Access::Scratch { also_uid: None }).unwrap();
        assert!(
            scratch.contains("countersign \"root\" postgres\n") && scratch.contains("countersign \"cs\" postgres\n")
        );
        for name in ["", "/^.*$", "a\"b", "a\nb", "a\\b"] {
            assert_eq!(ident_lines(&[name], Access::Product), None, "{name:?}");
        }
    }

    #[test]
    fn a_damaged_version_file_is_told_from_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(major_of(dir.path()).unwrap(), None);
        fs::write(dir.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(major_of(dir.path()).unwrap(), Some(15));
        for damaged in [&b"fifteen"[..], b"", b"\xff\xfe", b"-1", b"99999999999"] {
            fs::write(dir.path().join("PG_VERSION"), damaged).unwrap();
            assert!(matches!(major_of(dir.path()), Err(Error::UnreadableVersion(_))), "{damaged:?}");
        }
    }

    #[test]
    fn the_end_of_long_output_is_kept() {
        let long = vec![b'x'; OUTPUT_MAX_BYTES + 1];
        assert_eq!(end_of(&long).len(), OUTPUT_MAX_BYTES);
        assert_eq!(end_of(b" short \n"), "short");
    }
}
