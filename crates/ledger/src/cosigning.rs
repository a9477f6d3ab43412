//! Asks outside witnesses to cosign how the deployment's log stands (C2SP tlog-witness).
//!
//! A witness is shown the newest note that is signed and stored, with the proof that it goes on from what that witness
//! saw before. What it said is kept for exports. A witness that does not answer holds up nothing.

use std::collections::HashMap;
use std::time::Duration;

use tenancy::{Cosignature, Database, DeploymentHead, Error, WorkspaceId};
use tlog::{
    AddCheckpoint, Checkpoint, CosignerVerifierKey, Hash, Note, NoteError, SIZE_CONTENT_TYPE, Tile, TileNodes,
    prove_consistency, tiles_of_consistency,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::doubt::Doubt;
use crate::origin;
use crate::proof::deployment_tile;

/// How often it is looked whether the log has grown.
const ROUND_EVERY: Duration = Duration::from_secs(10);
/// A witness is asked at least so often, also when nothing has grown: its cosignature says that we are there.
const ASKED_EVERY: Duration = Duration::from_secs(600);
/// Longest until a witness's connection stands.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// Longest that asking a witness takes, repeated questions included.
const WHOLE_MAX: Duration = Duration::from_secs(5);
/// Most questions to a witness in a round: it may tell us once what it holds, and grow once while we prove.
const QUESTIONS_MAX: usize = 3;
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Where a witness is, and the key that its cosignatures are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAt {
    /// What stands before `/add-checkpoint`, without a slash at its end.
    pub url: String,
    /// The key.
    pub key: CosignerVerifierKey,
}

impl WitnessAt {
    /// A witness under a URL, with its key in text form.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn new(url: String, key: &str) -> Result<Self, NoteError> {
        Ok(Self { url, key: CosignerVerifierKey::parse(key)? })
    }
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum CosigningError {
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
    /// It cannot be reached, or breaks off.
    #[error("the witness cannot be reached")]
    Http(#[from] reqwest::Error),
    /// It took longer than it may.
    #[error("the witness did not answer in time")]
    Late,
    /// It answered what no witness answers here.
    #[error("the witness answered {0}")]
    Status(u16),
    /// It answered with something else than a cosignature by its key.
    #[error("the witness's answer is {0}")]
    Answer(&'static str),
    /// It holds more leaves than our log has: our log was put back to an earlier state, or somebody else signs with its
    /// key.
    #[error("the witness cosigned {held} entries of the deployment's log, and it has {size}: it was rolled back")]
    Ahead {
        /// Leaves that it cosigned.
        held: u64,
        /// Leaves of our log.
        size: u64,
    },
    /// It says that our log does not go on from what it cosigned.
    #[error("the witness says that the deployment's log does not go on from the {old} entries that it cosigned")]
    Inconsistent {
        /// Leaves that it cosigned.
        old: u64,
    },
}

impl CosigningError {
    /// Whether this says that the log is wrong, and not that a witness is away.
    #[must_use]
    pub const fn is_alarm(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Inconsistent { .. })
    }
}

/// Asks witnesses until it is told to stop.
#[derive(Debug, Clone)]
pub struct Cosigning {
    database: Database,
    client: reqwest::Client,
    witnesses: Vec<WitnessAt>,
    doubts: Option<(WorkspaceId, Doubt)>,
}

/// What was last asked of a witness.
#[derive(Debug, Clone, Copy)]
struct Asked {
    epoch: i32,
    size: u64,
    at: Instant,
}

impl Cosigning {
    /// Somebody who asks these witnesses.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    pub fn new(database: Database, witnesses: Vec<WitnessAt>) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .timeout(WHOLE_MAX)
            .build()?;
        Ok(Self { database, client, witnesses, doubts: None })
    }

    /// The same, raising a doubt when a witness shows that it holds more of the log than there is, signed by the log's own
    /// key, which is the platform's.
    #[must_use]
    pub fn doubting(self, platform: WorkspaceId, doubt: Doubt) -> Self {
        Self { doubts: Some((platform, doubt)), ..self }
    }

    /// Asks every witness once, before anything is signed: what only they know is known in time. One that does not answer
    /// holds up nothing for longer than five seconds.
    pub async fn look_first(&self) {
        self.round(&mut HashMap::new(), &mut HashMap::new()).await;
    }

    /// Asks until `shutdown` holds `true` or its sender is gone.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let keys: Vec<String> = self.witnesses.iter().map(|witness| witness.key.to_string()).collect();
        let mut is_tidy = false;
        let mut done: HashMap<usize, Asked> = HashMap::new();
        let mut troubled: HashMap<usize, bool> = HashMap::new();
        while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
            if !is_tidy {
                is_tidy = self.database.forget_cosignatures(&keys).await.is_ok();
            }
            if is_tidy && self.witnesses.is_empty() {
                return;
            }
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                () = self.round(&mut done, &mut troubled) => {}
            }
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(ROUND_EVERY) => {}
            }
        }
    }

    /// Asks every witness that has not seen how the log stands, all at once and about the same note.
    async fn round(&self, done: &mut HashMap<usize, Asked>, troubled: &mut HashMap<usize, bool>) {
        // Without a database there is nothing to show; whoever writes the log says so.
        let Ok(Some(head)) = self.database.deployment_head().await else { return };
        let is_due = |at: &usize| {
            let seen = done.get(at).filter(|asked| (asked.epoch, asked.size) == (head.epoch, head.size));
            seen.is_none_or(|asked| asked.at.elapsed() >= ASKED_EVERY)
        };
        let mut asking = JoinSet::new();
        for at in (0..self.witnesses.len()).filter(is_due) {
            let (this, head) = (self.clone(), head.clone());
            asking.spawn(async move { (at, this.ask(&this.witnesses[at], &head).await) });
        }
        while let Some(Ok((at, asked))) = asking.join_next().await {
            let was_troubled = troubled.insert(at, asked.is_err()).unwrap_or(false);
            let witness = self.witnesses[at].key.name();
            match asked {
                Ok(()) => {
                    done.insert(at, Asked { epoch: head.epoch, size: head.size, at: Instant::now() });
                    if was_troubled {
                        tracing::warn!(witness, "the witness cosigns again");
                    }
                }
                Err(error) if error.is_alarm() => {
                    tracing::error!(
                        witness,
                        %error,
                        "the deployment's log is in doubt; if the database was put back, order countersign audit new-epoch"
                    );
                    if matches!(error, CosigningError::Ahead { .. }) {
                        self.doubt(&self.witnesses[at], &head).await;
                    }
                }
                Err(error) if !was_troubled => tracing::warn!(witness, %error, "no cosignature; trying again"),
                Err(_) => {}
            }
        }
    }

    /// Asks one witness to cosign a note, and stores what it says.
    ///
    /// # Errors
    /// [`CosigningError`].
    pub async fn ask(&self, witness: &WitnessAt, head: &DeploymentHead) -> Result<(), CosigningError> {
        let vkey = witness.key.to_string();
        let known = self.database.cosignatures(head.epoch).await?.into_iter().find(|one| one.vkey == vkey);
        let known = known.map_or(0, |one| one.size).min(head.size);
        let asked = tokio::time::timeout(WHOLE_MAX, self.converse(witness, head, known)).await;
        let line = match asked.unwrap_or(Err(CosigningError::Late)) {
            // Another node may have shown it a later note since we read ours.
            Err(CosigningError::Ahead { held, .. })
                if self.database.deployment_head().await?.is_some_and(|now| now.size >= held) =>
            {
                return Ok(());
            }
            other => other?,
        };
        let (name, size, note) = (witness.key.name().to_owned(), head.size, head.checkpoint.clone());
        let newest = Cosignature { vkey, name, size, note, line, cosigned_at: None };
        Ok(self.database.store_cosignature(head.epoch, &newest).await?)
    }

    /// Raises the doubt if the witness shows a note of ours that is of more entries than there are.
    async fn doubt(&self, witness: &WitnessAt, head: &DeploymentHead) {
        let Some((platform, doubt)) = &self.doubts else { return };
        let origin = head.checkpoint.lines().next().unwrap_or_default();
        let Ok(keys) = self.database.keys(*platform).await else { return };
        let Some(key) = origin::signing_key(&keys, origin) else { return };
        let hex = data_encoding::HEXLOWER.encode(&seal::sha256(origin.as_bytes()));
        let shown = self.client.get(format!("{}/{hex}/checkpoint", witness.url)).send().await;
        let Ok(Ok((200, _, text))) = (match shown {
            Ok(answer) => tokio::time::timeout(WHOLE_MAX, read(answer)).await,
            Err(_) => return,
        }) else {
            return;
        };
        let opened = Note::parse(text.as_bytes())
            .ok()
            .and_then(|note| Checkpoint::open(&note, std::slice::from_ref(key.verifier())).ok());
        if opened.is_some_and(|held| held.origin == origin && held.size > head.size) {
            tracing::error!(
                witness = witness.key.name(),
                "the witness shows more of the log than is here, signed by its key: nothing is signed until the operator \
                 orders countersign audit new-epoch"
            );
            doubt.raise();
        }
    }

    /// Shows it the note until it cosigns; what it holds, it says itself.
    async fn converse(&self, witness: &WitnessAt, head: &DeploymentHead, known: u64) -> Result<String, CosigningError> {
        let mut old = known;
        for _ in 0..QUESTIONS_MAX {
            let proof = self.proof(head, old).await?;
            let body = AddCheckpoint { old, proof, note: &head.checkpoint }.to_string();
            let (status, is_size, text) = self.post(witness, body).await?;
            match status {
                200 => return line_of(&head.checkpoint, &text, &witness.key),
                409 if is_size => {
                    let held = text.strip_suffix('\n').and_then(|text| text.parse().ok());
                    old = held.ok_or(CosigningError::Answer("no number of entries"))?;
                }
                422 => return Err(CosigningError::Inconsistent { old }),
                status => return Err(CosigningError::Status(status)),
            }
            if old > head.size {
                return Err(CosigningError::Ahead { held: old, size: head.size });
            }
        }
        Err(CosigningError::Answer("another size each time"))
    }

    async fn post(&self, witness: &WitnessAt, body: String) -> Result<(u16, bool, String), CosigningError> {
        let asked = self.client.post(format!("{}/add-checkpoint", witness.url)).body(body);
        read(asked.send().await?).await
    }

    /// The proof that a log begins with so many of its leaves; none from no leaves.
    async fn proof(&self, head: &DeploymentHead, old: u64) -> Result<Vec<Hash>, CosigningError> {
        if old == 0 || old == head.size {
            return Ok(Vec::new());
        }
        let damaged = || Error::Integrity("the deployment's log does not hold what the proof needs");
        let mut tiles: HashMap<Tile, Vec<u8>> = HashMap::new();
        for tile in tiles_of_consistency(old, head.size).map_err(|_| damaged())? {
            tiles.insert(tile, deployment_tile(&self.database, head.epoch, tile).await?);
        }
        let nodes = TileNodes::new(head.size, |tile| tiles.get(&tile).cloned());
        Ok(prove_consistency(&nodes, old, head.size).map_err(|_| damaged())?)
    }
}

/// Reads an answer: its status, whether it is a size, and its text.
async fn read(mut answer: reqwest::Response) -> Result<(u16, bool, String), CosigningError> {
    let status = answer.status().as_u16();
    let kind = answer.headers().get(reqwest::header::CONTENT_TYPE);
    let is_size = kind.is_some_and(|kind| kind.as_bytes() == SIZE_CONTENT_TYPE.as_bytes());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CosigningError::Answer("too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(bytes).map_err(|_| CosigningError::Answer("not UTF-8"))?;
    Ok((status, is_size, text))
}

/// The line of an answer that is this witness's cosignature of the note.
fn line_of(note: &str, answer: &str, key: &CosignerVerifierKey) -> Result<String, CosigningError> {
    let holds = |line: &&str| {
        let cosigned = [note, line].concat();
        Note::parse(cosigned.as_bytes()).is_ok_and(|note| note.verify_cosignature(key).is_ok())
    };
    let found = answer.split_inclusive('\n').find(holds);
    found.map(str::to_owned).ok_or(CosigningError::Answer("no cosignature by its key"))
}
