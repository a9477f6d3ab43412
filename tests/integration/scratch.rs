//! A scratch instance of the built binary, for tests that break it from outside.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for `ready`, on a busy machine.
const READY_MAX: Duration = Duration::from_secs(90);

/// A running scratch instance; it ends, and its directory goes, when this is dropped.
pub(crate) struct Scratch {
    binary: PathBuf,
    data: PathBuf,
    plain: SocketAddr,
    child: Child,
}

/// The directory that holds the built binaries, beside the one of this test.
pub(crate) fn bin_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    exe.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>").to_owned()
}

/// The ordinary binary: the one that `COUNTERSIGN_BIN` names, or the one beside this test.
pub(crate) fn product() -> PathBuf {
    let named = std::env::var_os("COUNTERSIGN_BIN").map(PathBuf::from);
    let binary = named.unwrap_or_else(|| bin_dir().join("countersign"));
    assert!(binary.is_file(), "{} is not built: cargo build -p countersign --bins", binary.display());
    binary
}

/// A loopback address that nobody holds right now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port of this machine")
}

impl Scratch {
    /// Starts an instance with this binary and waits until it is ready.
    pub(crate) fn start(binary: &Path, name: &str) -> Self {
        let data = std::env::temp_dir().join(format!("cs-{name}-{}", std::process::id()));
        let (plain, https) = (free_address(), free_address());
        let mut command = Command::new(binary);
        command.args(["serve", "--scratch", "--data"]).arg(&data);
        command.args(["--listen", &plain.to_string(), "--listen-https", &https.to_string()]);
        Self::launch(command, binary, data, plain)
    }

    /// Starts an instance by a command that serves on `plain` from `data`.
    pub(crate) fn launch(mut command: Command, binary: &Path, data: PathBuf, plain: SocketAddr) -> Self {
        // Variables of that prefix are settings, and an unknown one is refused.
        command
            .env_remove("DATABASE_URL")
            .env_remove("COUNTERSIGN_BIN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // Read to its end, also when nobody listens any more: a server must not meet a closed pipe.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                drop(send.send(line));
            }
        });
        let scratch = Self { binary: binary.to_owned(), data, plain, child };
        let until = Instant::now() + READY_MAX;
        loop {
            let line = lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            if line.expect("it says ready in time").starts_with("ready ") {
                return scratch;
            }
        }
    }

    /// Runs one statement as the superuser of its database and answers with what psql printed.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]).arg(self.data.join("run"));
        done(psql.args(["-c", statement, "countersign"]).output().expect("psql starts"), statement)
    }

    /// Runs a command of the binary beside it; the exit code is not looked at.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.binary).args(arguments).arg("--data").arg(&self.data).output().expect("the binary runs")
    }

    /// What the page says to programs now.
    pub(crate) fn status(&self) -> Value {
        let mut stream = TcpStream::connect(self.plain).expect("the plain listener");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a bound on waiting");
        let request = format!("GET /trust/status.json HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.plain);
        stream.write_all(request.as_bytes()).expect("a request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer comes");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        serde_json::from_str(body).expect("the status is JSON")
    }

    /// As many requests for a small answer, one after the other over one connection.
    pub(crate) fn many_requests(&self, count: usize) {
        let mut stream = BufReader::new(TcpStream::connect(self.plain).expect("the plain listener"));
        let request = format!("GET /no-such-address HTTP/1.1\r\nHost: {}\r\n\r\n", self.plain);
        for _ in 0..count {
            stream.get_mut().write_all(request.as_bytes()).expect("a request is sent");
            let mut length = 0;
            loop {
                let mut line = String::new();
                assert!(stream.read_line(&mut line).expect("an answer comes") > 0, "the server hung up");
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if line == "\r\n" {
                    break;
                }
            }
            std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink()).expect("a body comes");
        }
    }

    /// One line to the control socket, one line back.
    pub(crate) fn ask(&self, line: &Value) -> Value {
        let path = self.data.join("control.sock");
        let mut stream = std::os::unix::net::UnixStream::connect(path).expect("the control socket");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a bound on waiting");
        stream.write_all(format!("{line}\n").as_bytes()).expect("a line is sent");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("a line comes back");
        serde_json::from_str(&answer).expect("it is JSON")
    }
}

/// The output of a command that must succeed.
pub(crate) fn done(output: Output, what: &str) -> String {
    assert!(output.status.success(), "{what}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let until = Instant::now() + Duration::from_secs(20);
        while asked.is_ok() && Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        drop((self.child.kill(), self.child.wait(), std::fs::remove_dir_all(&self.data)));
    }
}
