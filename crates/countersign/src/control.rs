//! The control socket: how commands beside a running server speak to it.
//!
//! A unix socket in the data directory, 0600. The peer's user id must be the server's own or root's. One line of JSON
//! in, one line out; at most 1 MiB each way, 30 seconds a turn (a run of all checks may take two minutes).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// Most bytes of a line.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest a turn may take.
const TURN_MAX: Duration = Duration::from_secs(150);

/// What a command asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Issue an API token.
    TokenCreate {
        /// Slug.
        workspace: String,
        /// Address.
        person: String,
        /// Names of scopes.
        scopes: Vec<String>,
        /// Days until it ends.
        days: i32,
        /// What to call it.
        label: String,
    },
    /// Issue a one-time sign-in link.
    LinkCreate {
        /// Slug.
        workspace: String,
        /// Address.
        person: String,
    },
    /// Make a workspace.
    WorkspaceCreate {
        /// Slug.
        slug: String,
        /// What people call it.
        title: String,
        /// Address of its first owner.
        owner: Option<String>,
    },
    /// Order the end of a workspace.
    WorkspaceEnd {
        /// Slug.
        workspace: String,
        /// In how many days.
        days: u8,
    },
    /// Take that order back.
    WorkspaceKeep {
        /// Slug.
        workspace: String,
    },
    /// List workspaces that ended.
    WorkspaceEnded,
    /// The certificate of a workspace's end, with its proof.
    WorkspaceCertificate {
        /// Its id.
        workspace: String,
    },
    /// Publish a process.
    ProcessPublish {
        /// Slug.
        workspace: String,
        /// The document's text.
        document: String,
    },
    /// Export a workspace's trail into a folder of the data directory.
    AuditExport {
        /// Slug.
        workspace: String,
    },
    /// Prove a record.
    AuditProof {
        /// Slug.
        workspace: String,
        /// Its id.
        record: String,
    },
    /// The keys of a workspace's log and of the deployment's.
    AuditKeys {
        /// Slug.
        workspace: String,
    },
    /// Recompute a workspace's log.
    AuditVerify {
        /// Slug.
        workspace: String,
    },
    /// Begin the logs anew.
    AuditNewEpoch {
        /// The epoch's number, if the next one may have been used.
        epoch: Option<i32>,
    },
    /// Erase what the records hold of somebody who left, or of a month.
    AuditErase {
        /// Slug.
        workspace: String,
        /// Address or id of the person.
        person: Option<String>,
        /// The month, as `2026-09`.
        month: Option<String>,
    },
    /// Run every check.
    Check,
    /// Open a plain listener (scratch instances).
    OpenPlain {
        /// Its address.
        listen: std::net::SocketAddr,
    },
    /// Close it.
    ClosePlain,
    /// The table of checks with what turns each red.
    #[cfg(feature = "faults")]
    Faults,
    /// Turn a switch on.
    #[cfg(feature = "faults")]
    FaultOn {
        /// Its name.
        name: String,
    },
    /// Turn a switch off.
    #[cfg(feature = "faults")]
    FaultOff {
        /// Its name.
        name: String,
    },
    /// Run one check now.
    #[cfg(feature = "faults")]
    CheckOne {
        /// Its code.
        check: String,
    },
}

/// What the server answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done.
    Done(Value),
    /// It was not; the sentence says why and what to do.
    Refused(String),
}

/// Whatever carries out what is asked.
pub trait Operator: Send + Sync + 'static {
    /// Carries it out.
    fn carry_out(&self, ask: Ask) -> impl std::future::Future<Output = Result<Value, String>> + Send;
}

/// The socket's place.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Serves the socket until the task is ended.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(data: &Path, operator: Arc<impl Operator>) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let path = path(data);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let own = nix::unistd::geteuid().as_raw();
    let turns = Arc::new(tokio::sync::Semaphore::new(8));
    Ok(tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let allowed = stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0);
            let (operator, turns) = (Arc::clone(&operator), Arc::clone(&turns));
            if allowed {
                tokio::spawn(async move {
                    let Ok(_turn) = turns.acquire().await else { return };
                    let ended = tokio::time::timeout(TURN_MAX, turn(stream, &*operator)).await;
                    if !matches!(ended, Ok(Ok(()))) {
                        tracing::debug!("a turn at the control socket ended early");
                    }
                });
            }
        }
    }))
}

async fn turn(stream: UnixStream, operator: &impl Operator) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(reader.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => match operator.carry_out(ask).await {
            Ok(value) => Answer::Done(value),
            Err(sentence) => Answer::Refused(sentence),
        },
        Err(error) => {
            Answer::Refused(format!("the server does not understand this command ({error}); are both of one version?"))
        }
    };
    let mut text = serde_json::to_string(&answer).map_err(std::io::Error::other)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await
}

/// Asks a running server, from a command.
///
/// # Errors
/// A sentence that says what to do.
pub fn ask(data: &Path, ask: &Ask) -> Result<Value, String> {
    let path = path(data);
    let mut stream = StdStream::connect(&path).map_err(|error| {
        format!(
            "no server answers on {} ({error}); start one with `countersign serve --data {}`, or name its directory with --data",
            path.display(),
            data.display()
        )
    })?;
    stream.set_read_timeout(Some(TURN_MAX)).map_err(|error| error.to_string())?;
    let mut text = serde_json::to_string(ask).map_err(|error| error.to_string())?;
    text.push('\n');
    if text.len() as u64 > LINE_BYTES_MAX {
        return Err(format!("this is more than {LINE_BYTES_MAX} bytes"));
    }
    stream.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(|error| format!("the server gave no answer ({error})"))?;
    match serde_json::from_str(&line) {
        Ok(Answer::Done(value)) => Ok(value),
        Ok(Answer::Refused(sentence)) => Err(sentence),
        Err(_) => Err("the server closed without an answer".to_owned()),
    }
}
