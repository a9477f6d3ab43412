//! A release server as a visitor runs it: started, asked for tokens, measured, stopped or killed.

use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::Failure;

/// Longest wait for the line `ready`, the first start with its cluster included.
const READY_MAX: Duration = Duration::from_secs(120);

/// Longest wait for an orderly end.
const STOP_MAX: Duration = Duration::from_secs(30);

/// A data directory that goes away, below a folder that the server's own user may enter.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// A new place below the system's folder for temporary files.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder =
            tempfile::Builder::new().prefix("countersign-").permissions(Permissions::from_mode(0o711)).tempdir()?;
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary)?;
        std::fs::set_permissions(&temporary, Permissions::from_mode(0o1777))?;
        Ok(Self { folder })
    }

    /// The data directory; the first start makes it.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What servers of this place take for the folder of temporary files: mails lie there as files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Where servers of this place write their log lines.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The end of the log, for a message about a server that did not come up. At most 2,000 bytes.
    fn log_end(&self) -> String {
        let text = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned()
    }
}

/// A running server. Dropped, it is stopped.
pub(crate) struct Server {
    child: Child,
    binary: PathBuf,
    data: PathBuf,
    base: String,
    ready_after: Duration,
}

impl Server {
    /// Starts `binary serve` on `place` and waits for its `ready` line. `listen` is an address such
    /// as `127.0.0.1:0`; further arguments follow as they are.
    pub(crate) fn start(binary: &Path, place: &Place, listen: &str, further: &[&str]) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(place.log())?;
        let begin = Instant::now();
        let mut child = Command::new(binary)
            .arg("serve")
            .arg("--data")
            .arg(place.data())
            .args(["--listen", listen, "--listen-https", "127.0.0.1:0"])
            .args(further)
            .env("TMPDIR", place.temporary())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        match first_ready(&mut child, begin) {
            Ok((base, ready_after)) => {
                let data = place.data();
                Ok(Self { child, binary: binary.to_path_buf(), data, base, ready_after })
            }
            Err(error) => {
                // It may have ended by itself, which the message then says; there is nothing to keep.
                child.kill().ok();
                child.wait().ok();
                Err(format!("{error}\n{}", place.log_end()).into())
            }
        }
    }

    /// `http://address` without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// From the spawn to the `ready` line.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids of Linux fit 22 bits")
    }

    /// A token of a person, with scopes separated by commas.
    pub(crate) fn token(&self, workspace: &str, email: &str, scopes: &str) -> Result<String, Failure> {
        token(&self.binary, &self.data, workspace, email, scopes)
    }

    /// Runs another command of the binary beside this server and returns what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, Failure> {
        command(&self.binary, &self.data, arguments)
    }

    /// Whether the process is still there, without waiting.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }

    /// kill -9, and waits for the process to be gone.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGINT, as Ctrl-C sends it; an error when it has not ended within 30 s or ended badly.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let status = self.interrupt()?;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }

    fn interrupt(&mut self) -> Result<ExitStatus, Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        kill(Pid::from_raw(self.pid()), Signal::SIGINT)?;
        let begin = Instant::now();
        while begin.elapsed() < STOP_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill()?;
        self.child.wait()?;
        Err("the server did not end within 30 s of SIGINT".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.interrupt() {
            eprintln!("stopping the server: {error}");
        }
    }
}

/// Reads standard output up to `ready http://...`; a thread goes on draining it afterwards.
fn first_ready(child: &mut Child, begin: Instant) -> Result<(String, Duration), Failure> {
    let stdout = child.stdout.take().ok_or("the server has no standard output")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(base) = line.strip_prefix("ready ") {
                // The receiver is gone once the start is over; later lines only need draining.
                sender.send((base.trim().trim_end_matches('/').to_owned(), begin.elapsed())).ok();
            }
        }
    });
    match receiver.recv_timeout(READY_MAX) {
        Ok(ready) => Ok(ready),
        Err(RecvTimeoutError::Timeout) => Err("the server was not ready in time".into()),
        Err(RecvTimeoutError::Disconnected) => Err("the server ended before it was ready".into()),
    }
}

/// `countersign token create` beside the server on `data`.
pub(crate) fn token(binary: &Path, data: &Path, workspace: &str, email: &str, scopes: &str) -> Result<String, Failure> {
    let arguments = ["token", "create", "--workspace", workspace, "--as", email, "--scopes", scopes];
    Ok(command(binary, data, &arguments)?.trim().to_owned())
}

/// Runs `binary arguments --data data` and returns its standard output.
pub(crate) fn command(binary: &Path, data: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let done = spawned(binary, data, arguments)?;
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr);
        return Err(format!("countersign {}: {}", arguments.join(" "), words.trim()).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// `countersign check --json`, whose exit code only repeats what it prints.
pub(crate) fn check(binary: &Path, data: &Path) -> Result<serde_json::Value, Failure> {
    let done = spawned(binary, data, &["check", "--json"])?;
    serde_json::from_slice(&done.stdout)
        .map_err(|error| format!("countersign check: {error}: {}", String::from_utf8_lossy(&done.stderr).trim()).into())
}

fn spawned(binary: &Path, data: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    Command::new(binary)
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()).into())
}

/// The release binary: `given`, else the one below cargo's target folder, built when `given` is none.
pub(crate) fn binary(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(path) = given {
        return Ok(path);
    }
    cargo_release("countersign")
}

/// Builds a package of the workspace in release and returns its binary.
pub(crate) fn cargo_release(package: &str) -> Result<PathBuf, Failure> {
    let root = crate::check::root();
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", package])
        .current_dir(&root)
        .status()?;
    if !built.success() {
        return Err(format!("cargo build --release --package {package} failed").into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("release").join(package))
}

/// User and group that own the data directory: whom PostgreSQL runs as.
pub(crate) fn owner(data: &Path) -> Result<(u32, u32), Failure> {
    let found = std::fs::metadata(data.join("pg"))?;
    Ok((found.uid(), found.gid()))
}

/// The postmaster of the private cluster: the first line of its pid file.
pub(crate) fn postmaster_pid(data: &Path) -> Result<i32, Failure> {
    let text = std::fs::read_to_string(data.join("pg/postmaster.pid"))?;
    Ok(text.lines().next().ok_or("postmaster.pid is empty")?.trim().parse()?)
}
