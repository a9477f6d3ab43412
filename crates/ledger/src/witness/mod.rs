//! A witness (C2SP tlog-witness): it cosigns how other logs stand, and never two histories of one log.
//!
//! What must stay true: a cosignature leaves only after the checkpoint that it is of lies on the disk, in one step with
//! the look at what was held before. Whatever is in doubt afterwards ends the cosigning, not the promise.

mod store;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use tlog::{
    AddCheckpoint, Answer, Checkpoint, CosignerSigningKey, CosignerVerifierKey, Held, Inconsistent, Malformed,
    NOTE_BYTES_MAX, Note, NoteError, RequestError, VerifierKey, decide,
};

use self::store::Store;

/// Longest body of a request, in bytes; the standard's parts make it.
pub const BODY_BYTES_MAX: usize = tlog::REQUEST_BYTES_MAX;
/// Most keys of logs that a witness is given.
pub const LOGS_MAX: usize = 1000;
/// Most notes of one log and kind that are kept as evidence. The first ones stay: they are what began it.
pub const EVIDENCE_MAX: usize = 100;

/// Why a witness does not begin, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Another process uses the folder.
    #[error("another witness uses {}", .0.display())]
    InUse(PathBuf),
    /// The folder is of a witness of another name.
    #[error("{} is the key of \"{kept}\", not of \"{asked}\"; a witness keeps its name, another one has a folder of its own", .path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The name it was made with.
        kept: String,
        /// The name that was asked for.
        asked: String,
    },
    /// The secret could be read by others.
    #[error("{} has mode {mode:o}, so others could read the secret; if nobody did: chmod 600", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file is not what this witness wrote. Nothing is guessed: without what it held it could cosign a fork.
    #[error("{}: {why}; put back the folder's own file, or begin a new witness of another name", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// More keys than [`LOGS_MAX`].
    #[error("{0} keys of logs were given; {LOGS_MAX} are the most")]
    TooMany(usize),
    /// A name that no key can have.
    #[error(transparent)]
    Key(#[from] NoteError),
    /// A checkpoint could not be stored, now or before: nothing is cosigned until a new start has read the disk.
    #[error("a checkpoint could not be stored; nothing is cosigned until the witness starts again")]
    InDoubt,
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

/// A witness with its folder, which no other process uses.
#[derive(Debug)]
pub struct Witness {
    store: Store,
    key: CosignerSigningKey,
    logs: Vec<VerifierKey>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// By the name of the file.
    kept: HashMap<String, Kept>,
    is_in_doubt: bool,
}

/// The last checkpoint of a log that was cosigned.
#[derive(Debug)]
struct Kept {
    held: Held,
    note: Arc<str>,
}

/// The key of the witness whose folder this is, made if there is none; also while it runs.
///
/// # Errors
/// [`WitnessError`].
pub fn key(dir: &Path, name: &str) -> Result<CosignerVerifierKey, WitnessError> {
    let found = match store::read_key(dir, name)? {
        Some(key) => key,
        None => Store::open(dir)?.key(name)?,
    };
    Ok(found.verifier().clone())
}

/// Keys of logs, one a line; a log's key has the log's origin as its name.
///
/// # Errors
/// A sentence that names the line.
pub fn keys_of(text: &str) -> Result<Vec<VerifierKey>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| VerifierKey::parse(line).map_err(|why| format!("line {}: {why}", at + 1))).collect()
}

/// Name under which a log's checkpoint is kept and shown: the hexadecimal SHA-256 of its origin.
#[must_use]
pub fn name_of(origin: &str) -> String {
    HEXLOWER.encode(&seal::sha256(origin.as_bytes()))
}

impl Witness {
    /// Takes the folder, makes it and a secret if there is none, and reads back everything that was cosigned.
    ///
    /// # Errors
    /// [`WitnessError`]: each names the file.
    pub fn open(dir: &Path, name: &str, logs: Vec<VerifierKey>) -> Result<Self, WitnessError> {
        if logs.len() > LOGS_MAX {
            return Err(WitnessError::TooMany(logs.len()));
        }
        let store = Store::open(dir)?;
        let key = store.key(name)?;
        let mut kept = HashMap::new();
        for (file, path) in store.held()? {
            let damaged = |why: String| WitnessError::Damaged { path: path.clone(), why };
            let text = store::read(&path, NOTE_BYTES_MAX)?;
            let text = String::from_utf8(text).map_err(|_| damaged("it is not UTF-8".to_owned()))?;
            let held = judge(&file, &text, key.verifier()).map_err(damaged)?;
            kept.insert(file, Kept { held, note: text.into() });
        }
        Ok(Self { store, key, logs, state: Mutex::new(State { kept, is_in_doubt: false }) })
    }

    /// What others verify with.
    #[must_use]
    pub const fn key(&self) -> &CosignerVerifierKey {
        self.key.verifier()
    }

    /// The last note of a log that was cosigned, with the cosignature; by the name that [`name_of`] gives.
    #[must_use]
    pub fn cosigned(&self, name: &str) -> Option<Arc<str>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.get(name).map(|kept| Arc::clone(&kept.note))
    }

    /// Answers the body of `POST /add-checkpoint`. `time_s` is now, in seconds since 1970. It writes to the disk and
    /// waits for it, one request at a time.
    ///
    /// # Errors
    /// [`WitnessError`] when what was to be held could not be stored; then nothing may be sent but that.
    pub fn answer(&self, body: &[u8], time_s: u64) -> Result<Answer, WitnessError> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(why) => return Ok(why.into()),
        };
        let origin = match request.origin() {
            Ok(origin) => origin,
            Err(why) => return Ok(Answer::Malformed(why)),
        };
        let name = name_of(&origin);
        let mut state = self.state.lock().map_err(|_| WitnessError::InDoubt)?;
        if state.is_in_doubt {
            return Err(WitnessError::InDoubt);
        }
        let before = state.kept.get(&name);
        let answer = decide(before.map(|kept| &kept.held), &request, &self.logs, &self.key, time_s);
        match &answer {
            Answer::Cosigned { line, held } => {
                let note = match self.cosigned_note(request.note, line) {
                    Ok(note) => note,
                    Err(why) => return Ok(Answer::Malformed(why)),
                };
                if let Err(error) = self.store.hold(&name, &note) {
                    state.is_in_doubt = true;
                    return Err(error);
                }
                state.kept.insert(name, Kept { held: *held, note: note.into() });
            }
            Answer::Inconsistent(why) if why.is_evidence() => {
                self.keep_evidence(&name, *why, &request, before.map(|kept| &*kept.note));
            }
            _ => {}
        }
        Ok(answer)
    }

    /// The note as it is held: the checkpoint, the signatures of the log that hold, and ours. What else came along
    /// nobody here has looked at.
    fn cosigned_note(&self, note: &str, line: &str) -> Result<String, Malformed> {
        let seam = note.rfind("\n\n").map_or(note.len(), |seam| seam + 2);
        let (text, behind) = note.split_at(seam);
        let mut signatures: Vec<&str> = Vec::new();
        for signature in behind.split_inclusive('\n') {
            let one = [text, signature].concat();
            let is_the_logs = Note::parse(one.as_bytes()).is_ok_and(|note| Checkpoint::open(&note, &self.logs).is_ok());
            if is_the_logs && !signatures.contains(&signature) {
                signatures.push(signature);
            }
        }
        let note = [text, &signatures.concat(), line].concat();
        match note.len() > NOTE_BYTES_MAX {
            true => Err(RequestError::Note(NoteError::TooLong(note.len())).into()),
            false => Ok(note),
        }
    }

    /// Keeps what may show that a log misbehaved. A proof that does not hold can be anybody's, and must not take the
    /// place of what only the log can have signed.
    fn keep_evidence(&self, name: &str, why: Inconsistent, request: &AddCheckpoint<'_>, before: Option<&str>) {
        let kind = match why {
            Inconsistent::Forked(_) | Inconsistent::EmptyRoot => "fork",
            Inconsistent::Proof(_) | Inconsistent::ProofOfNothing => "unproved",
        };
        let evidence = format!("{request}\n--- held:\n{}", before.unwrap_or(""));
        let id = HEXLOWER.encode(&seal::sha256(request.note.as_bytes())[..16]);
        match self.store.keep(name, kind, &id, evidence.as_bytes()) {
            Ok(true) => tracing::error!(kind, reason = %why, "a log was not consistent; the note is kept as evidence"),
            Ok(false) => {}
            Err(error) => tracing::error!(kind, %error, "evidence could not be kept"),
        }
    }
}

/// Reads back what was held: ours by its cosignature, of the log that the file's name says.
fn judge(file: &str, text: &str, key: &CosignerVerifierKey) -> Result<Held, String> {
    let note = Note::parse(text.as_bytes()).map_err(|why| why.to_string())?;
    let checkpoint = Checkpoint::parse(note.text).map_err(|why| why.to_string())?;
    note.verify_cosignature(key).map_err(|why| why.to_string())?;
    match name_of(&checkpoint.origin) == file {
        true => Ok(Held { size: checkpoint.size, root: checkpoint.root }),
        false => Err(format!("it is of {}, whose file has another name", checkpoint.origin)),
    }
}

#[cfg(test)]
mod tests;
