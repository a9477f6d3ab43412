//! Checkpoints (C2SP tlog-checkpoint): the text of a signed note that says how a log stands.

use data_encoding::BASE64;

use crate::hash::Hash;
use crate::lines;
use crate::note::{Note, NoteError, VerifierKey};

/// Most lines behind the root.
pub const EXTENSIONS_MAX: usize = 16;

/// How a log stands: its name, its leaves and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name; for ever its own.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root of that many leaves.
    pub root: Hash,
    /// Further lines, as they stand; none of ours has any.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// A line is missing, empty or not ended.
    #[error("line {0} is missing or empty")]
    Line(usize),
    /// The second line is no number of leaves.
    #[error("line 2 is not a decimal number without leading zeros")]
    Size,
    /// The third line is no root.
    #[error("line 3 is not the base64 of 32 bytes")]
    Root,
    /// There are more than [`EXTENSIONS_MAX`] lines behind the root.
    #[error("more than {EXTENSIONS_MAX} lines follow the root")]
    TooMany,
}

/// Why a note is no checkpoint of a log that one knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The note's text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// None of the keys is of the log that the checkpoint names.
    #[error("no key of {0} is known")]
    Origin(String),
    /// No key of that log signed the note, or a signature that says so does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// Reads a note's text that a known log signed. A log's key has the log's origin as its name, as C2SP
    /// tlog-checkpoint advises; of several keys of one origin (one may follow another) one signature is enough, and
    /// one that does not hold is too much.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(note: &Note<'_>, logs: &[VerifierKey]) -> Result<Self, OpenError> {
        let checkpoint = Self::parse(note.text)?;
        let mut held = Err(OpenError::Origin(checkpoint.origin.clone()));
        for key in logs.iter().filter(|key| key.name() == checkpoint.origin) {
            match note.verify(key) {
                Ok(()) => held = Ok(()),
                Err(unsigned @ NoteError::Unsigned(_)) => held = held.or(Err(unsigned.into())),
                Err(invalid) => return Err(invalid.into()),
            }
        }
        held.map(|()| checkpoint)
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`CheckpointError`], with the line.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or_else(|| CheckpointError::Line(text.lines().count().max(1)))?;
        let mut behind = body.split('\n').enumerate().map(|(at, line)| match line {
            "" => Err(CheckpointError::Line(at + 1)),
            line => Ok(line),
        });
        let mut line = |number| behind.next().unwrap_or(Err(CheckpointError::Line(number)));
        let origin = line(1)?.to_owned();
        let size = lines::decimal(line(2)?).ok_or(CheckpointError::Size)?;
        let root = lines::hash(line(3)?).ok_or(CheckpointError::Root)?;
        let mut extensions = Vec::new();
        for extension in behind {
            if extensions.len() == EXTENSIONS_MAX {
                return Err(CheckpointError::TooMany);
            }
            extensions.push(extension?.to_owned());
        }
        Ok(Self { origin, size, root, extensions })
    }
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(&self.root.0))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frontier, Note, SigningKey, leaf_hash};

    const ROOT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_checkpoint_is_read_back_from_its_note() {
        let mut frontier = Frontier::new();
        frontier.append(leaf_hash(b"one"), |_, _, _| {});
        let origin = "log.example/ws/1/e1".to_owned();
        let stands = Checkpoint { origin: origin.clone(), size: 1, root: frontier.root(), extensions: Vec::new() };
        let key = SigningKey::from_seed(&origin, &[9; 32]).unwrap();
        let note = key.sign(&stands.to_string()).unwrap();
        let note = Note::parse(note.as_bytes()).unwrap();
        note.verify(key.verifier()).unwrap();
        assert_eq!(Checkpoint::parse(note.text), Ok(stands));
    }

    #[test]
    fn bad_checkpoints_are_refused_with_their_line() {
        let read = |size: &str, root: &str| Checkpoint::parse(&format!("log\n{size}\n{root}\n"));
        assert_eq!(read("18446744073709551615", ROOT).unwrap().size, u64::MAX);
        for size in ["18446744073709551616", "-1", "+1", "01", "1 ", "1e3", "\u{661}"] {
            assert_eq!(read(size, ROOT), Err(CheckpointError::Size), "{size}");
        }
        for root in ["AAAA", &ROOT[..ROOT.len() - 1], "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", "!"] {
            assert_eq!(read("1", root), Err(CheckpointError::Root), "{root}");
        }
        for (text, line) in [("", 1), ("\n", 1), ("log", 1), ("log\n", 2), ("log\n1\n", 3), ("log\n\n1\n", 2)] {
            assert_eq!(Checkpoint::parse(text), Err(CheckpointError::Line(line)), "{text:?}");
        }
        let with = |lines: usize| Checkpoint::parse(&format!("log\n1\n{ROOT}\n{}", "x\n".repeat(lines)));
        assert_eq!(with(EXTENSIONS_MAX).unwrap().extensions.len(), EXTENSIONS_MAX);
        assert_eq!(with(EXTENSIONS_MAX + 1), Err(CheckpointError::TooMany));
        assert_eq!(with(2).unwrap().to_string(), format!("log\n1\n{ROOT}\nx\nx\n"));
    }
}
