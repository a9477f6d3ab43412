//! Signed notes (C2SP signed-note): a text and the signatures of those who stand for it, with Ed25519 (RFC 8032).

use crate::key::{self, Algorithm, PublicKey, is_name};
use aws_lc_rs::signature::Ed25519KeyPair;

/// Longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Most signatures of a note.
pub const SIGNATURES_MAX: usize = 64;

/// What a signature's line begins with: an em dash and a space.
pub(crate) const MARK: &str = "\u{2014} ";

/// Why a note or a key does not read, or a signature does not hold. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is longer than [`NOTE_BYTES_MAX`].
    #[error("the note has {0} bytes; {NOTE_BYTES_MAX} are the most")]
    TooLong(usize),
    /// It is not UTF-8.
    #[error("the note is not UTF-8")]
    Encoding,
    /// A control character other than the line's end.
    #[error("line {0} holds a control character")]
    Control(usize),
    /// There is no empty line between text and signatures, or nothing on one side of it.
    #[error("the note is not a text, an empty line and signatures")]
    Shape,
    /// A line behind the empty one is no signature.
    #[error("line {0} is no signature")]
    Signature(usize),
    /// It has more than [`SIGNATURES_MAX`] signatures.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooMany,
    /// The text is no key of the form `name+id+key`.
    #[error("this is no verifier key: {0}")]
    Key(&'static str),
    /// The key did not sign the note.
    #[error("{0} did not sign the note")]
    Unsigned(String),
    /// The key's signature is of another text, or of nobody.
    #[error("the signature of {0} does not hold")]
    Invalid(String),
    /// A cosignature's time, in seconds, is not 1 to 2^63 - 1.
    #[error("{0} s is not a time of a cosignature")]
    Time(u64),
}

/// The name and key by which a note is verified: Ed25519 over the text (signature type 01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey(PublicKey);

impl VerifierKey {
    /// Reads `name+id+base64(01 || key)`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        PublicKey::parse(text, Algorithm::Ed25519).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A name and the secret it signs with.
pub struct SigningKey {
    verifier: VerifierKey,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.verifier.name())
    }
}

impl SigningKey {
    /// A key of this name from its secret (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// [`NoteError::Key`] for a text that cannot be a name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let (public, pair) = key::from_seed(name, Algorithm::Ed25519, seed)?;
        Ok(Self { verifier: VerifierKey(public), pair })
    }

    /// What others verify with.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a text, which ends with its last line's end; the note has this one signature.
    ///
    /// # Errors
    /// [`NoteError::Shape`] or [`NoteError::Control`] for a text that no note can hold.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        check_text(text)?;
        let line = key::line(&self.verifier.0, self.pair.sign(text.as_bytes()).as_ref());
        Ok(format!("{text}\n{line}"))
    }
}

/// A note that reads; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// The text, with its last line's end.
    pub text: &'a str,
    /// The signatures, in their order.
    pub signatures: Vec<Signature<'a>>,
}

/// One signature's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Whose it says it is.
    pub name: &'a str,
    /// Which key it says it is of.
    pub id: [u8; 4],
    /// The signature itself; another kind of key makes one of another length.
    pub bytes: Vec<u8>,
}

/// Whether a note can hold a text.
pub(crate) fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong(text.len()));
    }
    if !text.ends_with('\n') {
        return Err(NoteError::Shape);
    }
    // Not `lines`, which takes a carriage return before the line's end for a part of it.
    match text.split('\n').position(|line| line.chars().any(|char| char.is_ascii_control())) {
        Some(line) => Err(NoteError::Control(line + 1)),
        None => Ok(()),
    }
}

impl<'a> Note<'a> {
    /// Reads a note: text, an empty line (the last one of it), signatures.
    ///
    /// # Errors
    /// [`NoteError`], with the line.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Encoding)?;
        check_text(note)?;
        let seam = note.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, behind) = (&note[..=seam], &note[seam + 2..]);
        if behind.is_empty() || text == "\n" {
            return Err(NoteError::Shape);
        }
        let before = text.matches('\n').count() + 1;
        let mut signatures = Vec::new();
        for (line, at) in behind.lines().zip(before + 1..) {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::TooMany);
            }
            signatures.push(signature(line).ok_or(NoteError::Signature(at))?);
        }
        Ok(Self { text, signatures })
    }

    /// Checks that a key signed the note. Other signatures are not looked at: an unknown name or key is nobody's.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`], [`NoteError::Invalid`].
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        key.0.check(self.text.as_bytes(), &key.0.find(self)?.bytes)
    }
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = crate::lines::decode_base64(encoded)?;
    let (id, bytes) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !bytes.is_empty()).then(|| Signature { name, id: *id, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NAME_BYTES_MAX;

    /// Of the documentation of Go's package `note`.
    const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const QUOTE: &str = "If you think cryptography is the answer to your problem,\n\
                         then you don't know what your problem is.\n\n\
                         \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key() -> SigningKey {
        SigningKey::from_seed("log.example/ws/1/e1", &[7; 32]).unwrap()
    }

    #[test]
    fn a_note_of_another_maker_verifies() {
        let neumann = VerifierKey::parse(NEUMANN).unwrap();
        assert_eq!(neumann.to_string(), NEUMANN);
        let note = Note::parse(QUOTE.as_bytes()).unwrap();
        assert_eq!(note.verify(&neumann), Ok(()));
        assert_eq!(note.text.lines().count(), 2);
        assert_eq!(note.verify(key().verifier()), Err(NoteError::Unsigned("log.example/ws/1/e1".to_owned())));
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let note = key().sign("log.example/ws/1/e1\n1\nAAAA\n").unwrap();
        assert_eq!(Note::parse(note.as_bytes()).unwrap().verify(key().verifier()), Ok(()));
        for (at, byte) in note.bytes().enumerate() {
            let mut other = note.clone().into_bytes();
            other[at] = if byte == b'1' { b'2' } else { b'1' };
            let held = Note::parse(&other).and_then(|note| note.verify(key().verifier()));
            assert!(held.is_err(), "byte {at}");
        }
        let parsed = VerifierKey::parse(&key().verifier().to_string()).unwrap();
        assert_eq!(parsed, *key().verifier());
    }

    #[test]
    fn an_empty_line_may_stand_in_the_text() {
        let note = key().sign("a\n\nb\n").unwrap();
        assert_eq!(Note::parse(note.as_bytes()).unwrap().text, "a\n\nb\n");
    }

    #[test]
    fn bad_notes_are_refused_with_their_line() {
        let signature = "\u{2014} name AAAAAAA=\n";
        let refused = |note: &str| Note::parse(note.as_bytes()).unwrap_err();
        assert_eq!(refused("text\n"), NoteError::Shape);
        assert_eq!(refused("text\n\n"), NoteError::Shape);
        assert_eq!(refused(&format!("\n\n{signature}")), NoteError::Shape);
        assert_eq!(refused(&format!("text\n\n{}", signature.trim_end())), NoteError::Shape);
        assert_eq!(refused(&format!("a\nb\tc\n\n{signature}")), NoteError::Control(2));
        assert_eq!(refused(&format!("text\n\n{signature}- name AAAAAAA=\n")), NoteError::Signature(4));
        assert_eq!(refused(&format!("a\r\n\n{signature}")), NoteError::Control(1));
        assert_eq!(refused(&format!("a\n\n{}", signature.replace('\n', "\r\n"))), NoteError::Control(3));
        assert_eq!(refused("text\n\n\u{2014} na+me AAAAAAA=\n"), NoteError::Signature(3));
        assert_eq!(refused("text\n\n\u{2014} name AAAA\n"), NoteError::Signature(3), "an id and no signature");
        assert_eq!(Note::parse(b"\xff\n\nx\n"), Err(NoteError::Encoding));
        let many = format!("text\n\n{}", signature.repeat(SIGNATURES_MAX));
        assert_eq!(Note::parse(many.as_bytes()).unwrap().signatures.len(), SIGNATURES_MAX);
        assert_eq!(refused(&format!("{many}{signature}")), NoteError::TooMany);
        let long = "x".repeat(NOTE_BYTES_MAX - signature.len() - 2) + "\n\n" + signature;
        assert!(Note::parse(long.as_bytes()).is_ok());
        assert_eq!(refused(&format!("x{long}")), NoteError::TooLong(NOTE_BYTES_MAX + 1));
    }

    #[test]
    fn bad_keys_are_refused() {
        for key in [
            "",
            "name",
            "name+c74f20a3",
            "na me+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10==",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(matches!(VerifierKey::parse(key), Err(NoteError::Key(_))), "{key}");
        }
        let long = "n".repeat(NAME_BYTES_MAX);
        assert!(SigningKey::from_seed(&long, &[1; 32]).is_ok());
        assert!(SigningKey::from_seed(&format!("{long}n"), &[1; 32]).is_err());
    }
}
