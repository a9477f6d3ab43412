//! What a witness answers (C2SP tlog-witness, section add-checkpoint), without the network and the disk around it.

use crate::checkpoint::{Checkpoint, OpenError};
use crate::cosignature::CosignerSigningKey;
use crate::hash::{Hash, empty_root};
use crate::lines::{self, Lines};
use crate::note::{NOTE_BYTES_MAX, Note, NoteError, VerifierKey};
use crate::proof::{ProofError, verify_consistency};

/// Most hashes of a request; the standard's.
pub const REQUEST_HASHES_MAX: usize = 63;
/// Longest request, in bytes: the longest note, the most hashes and the first line.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + REQUEST_HASHES_MAX * 45 + 32;
/// Content type of the answer that names the size that is held.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The body of `POST /add-checkpoint`; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint<'a> {
    /// Size of the checkpoint that the witness is thought to hold, in leaves; 0 for none.
    pub old: u64,
    /// Consistency proof from that size.
    pub proof: Vec<Hash>,
    /// The checkpoint's note, as it stands.
    pub note: &'a str,
}

/// Why a body is no request. Lines count from 1; those of a note from its first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is longer than [`REQUEST_BYTES_MAX`].
    #[error("the request has {0} bytes; {REQUEST_BYTES_MAX} are the most")]
    TooLong(usize),
    /// It is not UTF-8.
    #[error("the request is not UTF-8")]
    Encoding,
    /// A line is not what it must be.
    #[error("line {line} is not {expected}")]
    Line {
        /// Which line.
        line: usize,
        /// What it must be.
        expected: &'static str,
    },
    /// Its note does not read.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl<'a> AddCheckpoint<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`RequestError`], with the line; the answer to it is 400.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RequestError> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::Encoding)?;
        let mut lines = Lines::new(text);
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(lines::decimal);
        let old = old.ok_or(RequestError::Line { line: 1, expected: "\"old\" and a number" })?;
        let proof = lines.hashes(REQUEST_HASHES_MAX);
        let expected = "one of at most 63 hashes, or empty behind them";
        let proof = proof.ok_or_else(|| RequestError::Line { line: lines.number(), expected })?;
        let note = lines.rest();
        Note::parse(note.as_bytes())?;
        Ok(Self { old, proof, note })
    }

    /// The log that the checkpoint names, unverified: by it a witness finds what it holds.
    ///
    /// # Errors
    /// [`Malformed::Checkpoint`].
    pub fn origin(&self) -> Result<String, Malformed> {
        let note = Note::parse(self.note.as_bytes()).map_err(RequestError::from)?;
        Ok(Checkpoint::parse(note.text)?.origin)
    }
}

impl std::fmt::Display for AddCheckpoint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "old {}\n{}\n{}", self.old, lines::of_hashes(&self.proof), self.note)
    }
}

/// The last checkpoint of a log that the witness cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignature. `held` must be stored before it is sent, in one step with the look at what was held.
    Cosigned {
        /// The signature's line with its end; the body.
        line: String,
        /// What is held from now on.
        held: Held,
    },
    /// 400: this is no request.
    Malformed(Malformed),
    /// 403: no known key of the log signed the checkpoint, or a signature does not hold.
    Forbidden(NoteError),
    /// 404: no key of this log is known.
    UnknownOrigin(String),
    /// 409: another size is held.
    Conflict {
        /// That size, in leaves; 0 when nothing is held.
        held: u64,
    },
    /// 422: the checkpoint does not follow from what is held.
    Inconsistent(Inconsistent),
    /// 500: the witness's clock or key is out of order.
    Failed(NoteError),
}

/// Why a request is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It does not read.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Its checkpoint does not read.
    #[error(transparent)]
    Checkpoint(#[from] crate::CheckpointError),
    /// The checkpoint is smaller than what it is to follow.
    #[error("the checkpoint has {size} leaves, fewer than {old}")]
    Shrinks {
        /// The size before, as the request names it.
        old: u64,
        /// Leaves of the checkpoint.
        size: u64,
    },
}

/// Why a checkpoint that the log did sign is not cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// The log signed two roots of one size: with the note that is held, this note is evidence of a fork.
    #[error("the log signed two roots of {0} leaves")]
    Forked(u64),
    /// The proof does not lead from what is held to the checkpoint. The log may have forked, or anyone may have put a
    /// bad proof to a good checkpoint; the note is worth keeping.
    #[error(transparent)]
    Proof(ProofError),
    /// An empty tree with another root than that of no leaves: evidence by itself.
    #[error("a tree without leaves has another root than its own")]
    EmptyRoot,
    /// There is a proof, and nothing that it could lead from.
    #[error("a proof from no leaves proves nothing")]
    ProofOfNothing,
}

impl Inconsistent {
    /// Whether the request's note is to be kept, as it may show that the log misbehaved.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        !matches!(self, Self::ProofOfNothing)
    }
}

impl Answer {
    /// HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Cosigned { .. } => 200,
            Self::Malformed(_) => 400,
            Self::Forbidden(_) => 403,
            Self::UnknownOrigin(_) => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent(_) => 422,
            Self::Failed(_) => 500,
        }
    }

    /// Content type of the body.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => SIZE_CONTENT_TYPE,
            _ => "text/plain; charset=utf-8",
        }
    }

    /// The body, with its last line's end.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Cosigned { line, .. } => line.clone(),
            Self::Malformed(why) => format!("{why}\n"),
            Self::Forbidden(why) | Self::Failed(why) => format!("{why}\n"),
            Self::UnknownOrigin(origin) => format!("no key of {origin} is known\n"),
            Self::Conflict { held } => format!("{held}\n"),
            Self::Inconsistent(why) => format!("{why}\n"),
        }
    }
}

impl From<RequestError> for Answer {
    fn from(error: RequestError) -> Self {
        Self::Malformed(error.into())
    }
}

/// Decides on a request. `held` is what the witness holds of the log that the checkpoint names (see
/// [`AddCheckpoint::origin`]), `time_s` is now, in seconds since 1970.
#[must_use]
pub fn decide(
    held: Option<&Held>,
    request: &AddCheckpoint<'_>,
    logs: &[VerifierKey],
    witness: &CosignerSigningKey,
    time_s: u64,
) -> Answer {
    let note = match Note::parse(request.note.as_bytes()) {
        Ok(note) => note,
        Err(why) => return RequestError::from(why).into(),
    };
    let checkpoint = match Checkpoint::open(&note, logs) {
        Ok(checkpoint) => checkpoint,
        Err(OpenError::Checkpoint(why)) => return Answer::Malformed(why.into()),
        Err(OpenError::Origin(origin)) => return Answer::UnknownOrigin(origin),
        Err(OpenError::Note(why)) => return Answer::Forbidden(why),
    };
    if request.old > checkpoint.size {
        return Answer::Malformed(Malformed::Shrinks { old: request.old, size: checkpoint.size });
    }
    let held_size = held.map_or(0, |held| held.size);
    if request.old != held_size {
        return Answer::Conflict { held: held_size };
    }
    if let Err(why) = follows(held, request, &checkpoint) {
        return Answer::Inconsistent(why);
    }
    match witness.cosign(note.text, time_s) {
        Ok(line) => Answer::Cosigned { line, held: Held { size: checkpoint.size, root: checkpoint.root } },
        Err(why) => Answer::Failed(why),
    }
}

/// Whether a checkpoint follows from what is held, whose size is that of the request.
fn follows(held: Option<&Held>, request: &AddCheckpoint<'_>, checkpoint: &Checkpoint) -> Result<(), Inconsistent> {
    if checkpoint.size == 0 && checkpoint.root != empty_root() {
        return Err(Inconsistent::EmptyRoot);
    }
    let Some(held) = held.filter(|held| held.size > 0) else {
        return if request.proof.is_empty() { Ok(()) } else { Err(Inconsistent::ProofOfNothing) };
    };
    match verify_consistency(&request.proof, held.size, checkpoint.size, &held.root, &checkpoint.root) {
        Ok(()) => Ok(()),
        Err(ProofError::Forked) => Err(Inconsistent::Forked(held.size)),
        Err(_) if held.size == checkpoint.size && held.root != checkpoint.root => Err(Inconsistent::Forked(held.size)),
        Err(why) => Err(Inconsistent::Proof(why)),
    }
}
