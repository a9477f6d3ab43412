//! Proof files (C2SP tlog-proof, `.tlog-proof`): that an entry is in a log, for whoever has the entry and the keys.

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, OpenError};
use crate::cosignature::CosignerVerifierKey;
use crate::hash::{Hash, leaf_hash};
use crate::lines::{self, Lines};
use crate::note::{NOTE_BYTES_MAX, Note, NoteError, VerifierKey};
use crate::proof::{PROOF_HASHES_MAX, ProofError, verify_inclusion};

/// Longest proof file, in bytes: the longest note, the most hashes and 8 KiB for the rest.
pub const PROOF_FILE_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_HASHES_MAX * 45 + 8 * 1024;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof file that reads; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile<'a> {
    /// What an application may add; nothing vouches for it, and none of ours has any.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The checkpoint's note, as it stands.
    pub note: &'a str,
}

/// What a proof file that holds shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The log's checkpoint.
    pub checkpoint: Checkpoint,
    /// Which of the given witnesses cosigned it, by name, and when: seconds since 1970. How many are enough is for the
    /// caller to say.
    pub cosigned: Vec<(String, u64)>,
}

/// Why a proof file does not read or hold. Lines count from 1; those of a note from its first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// It is longer than [`PROOF_FILE_BYTES_MAX`].
    #[error("the proof file has {0} bytes; {PROOF_FILE_BYTES_MAX} are the most")]
    TooLong(usize),
    /// It is not UTF-8.
    #[error("the proof file is not UTF-8")]
    Encoding,
    /// A line is not what it must be.
    #[error("line {line} is not {expected}")]
    Line {
        /// Which line.
        line: usize,
        /// What it must be.
        expected: &'static str,
    },
    /// Its note does not read, or a cosignature that says it is of a given witness does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its note is no checkpoint of a known log.
    #[error(transparent)]
    Checkpoint(#[from] OpenError),
    /// The entry does not stand at the index.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl<'a> ProofFile<'a> {
    /// Reads a proof file.
    ///
    /// # Errors
    /// [`ProofFileError`], with the line.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > PROOF_FILE_BYTES_MAX {
            return Err(ProofFileError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFileError::Encoding)?;
        let mut lines = Lines::new(text);
        let expected = |lines: &Lines<'_>, expected| ProofFileError::Line { line: lines.number(), expected };
        if lines.next() != Some(HEADER) {
            return Err(expected(&lines, HEADER));
        }
        let mut line = lines.next().unwrap_or_default();
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = Some(lines::decode_base64(encoded).ok_or_else(|| expected(&lines, "base64 behind \"extra\""))?);
            line = lines.next().unwrap_or_default();
        }
        let index = line.strip_prefix("index ").and_then(lines::decimal);
        let index = index.ok_or_else(|| expected(&lines, "\"index\" and a number"))?;
        let hashes = lines.hashes(PROOF_HASHES_MAX);
        let hashes = hashes.ok_or_else(|| expected(&lines, "one of at most 64 hashes, or empty behind them"))?;
        let note = lines.rest();
        Note::parse(note.as_bytes())?;
        Ok(Self { extra, index, hashes, note })
    }

    /// Checks that the entry is in a log that one of the keys is of, and which of the witnesses cosigned the checkpoint.
    ///
    /// # Errors
    /// [`ProofFileError`]; a cosignature that says it is of one of the witnesses and does not hold is an error, a
    /// missing one is not.
    pub fn verify(
        &self,
        entry: &[u8],
        logs: &[VerifierKey],
        witnesses: &[CosignerVerifierKey],
    ) -> Result<Proven, ProofFileError> {
        let note = Note::parse(self.note.as_bytes())?;
        let checkpoint = Checkpoint::open(&note, logs)?;
        let mut cosigned = Vec::new();
        for witness in witnesses {
            match note.verify_cosignature(witness) {
                Ok(time_s) => cosigned.push((witness.name().to_owned(), time_s)),
                Err(NoteError::Unsigned(_)) => {}
                Err(invalid) => return Err(invalid.into()),
            }
        }
        verify_inclusion(&self.hashes, self.index, checkpoint.size, &leaf_hash(entry), &checkpoint.root)?;
        Ok(Proven { checkpoint, cosigned })
    }
}

impl std::fmt::Display for ProofFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        write!(f, "index {}\n{}\n{}", self.index, lines::of_hashes(&self.hashes), self.note)
    }
}
