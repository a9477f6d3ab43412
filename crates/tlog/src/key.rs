//! Named Ed25519 keys of signed notes, of whatever signature type.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use crate::lines::decode_base64;
use crate::note::{MARK, Note, NoteError, Signature};

/// Longest name of a key, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// What a key signs (C2SP signed-note, section Signature types).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// The note's text, with Ed25519.
    Ed25519 = 1,
    /// A cosignature v1 (C2SP tlog-cosignature), with Ed25519.
    Cosignature = 4,
}

/// The public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    name: String,
    algorithm: Algorithm,
    id: [u8; 4],
    public: [u8; 32],
}

/// Whether a text can be the name of a key: not empty, without spaces and plus signs.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
    fits && !name.chars().any(|char| char.is_whitespace() || char.is_control() || char == '+')
}

impl PublicKey {
    pub(crate) fn new(name: &str, algorithm: Algorithm, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name cannot be one"));
        }
        // The first four bytes of SHA-256(name || 0A || algorithm || key).
        let message = [name.as_bytes(), b"\n", &[algorithm as u8], &public].concat();
        let mut id = [0; 4];
        id.copy_from_slice(&digest(&SHA256, &message).as_ref()[..4]);
        Ok(Self { name: name.to_owned(), algorithm, id, public })
    }

    /// Reads `name+id+base64(algorithm || key)`.
    pub(crate) fn parse(text: &str, algorithm: Algorithm) -> Result<Self, NoteError> {
        let text = text.trim_end_matches('\n');
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has not three parts"));
        };
        let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).ok().and_then(|id| <[u8; 4]>::try_from(id).ok());
        let id = id.ok_or(NoteError::Key("its id is not eight hexadecimal digits"))?;
        let key = decode_base64(key).ok_or(NoteError::Key("its key is not base64"))?;
        let public = match (key.split_first(), algorithm) {
            (Some((kind, public)), _) if *kind == algorithm as u8 => <[u8; 32]>::try_from(public).ok(),
            (_, Algorithm::Ed25519) => return Err(NoteError::Key("its kind is not Ed25519")),
            (_, Algorithm::Cosignature) => return Err(NoteError::Key("its kind is not Ed25519 cosignature")),
        };
        let key = Self::new(name, algorithm, public.ok_or(NoteError::Key("its key has not 32 bytes"))?)?;
        if key.id == id { Ok(key) } else { Err(NoteError::Key("its id is not that of its name and key")) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// This key's signature of a note: name and id are its own.
    pub(crate) fn find<'note>(&self, note: &'note Note<'_>) -> Result<&'note Signature<'note>, NoteError> {
        let found = note.signatures.iter().find(|signature| signature.name == self.name && signature.id == self.id);
        found.ok_or_else(|| NoteError::Unsigned(self.name.clone()))
    }

    /// Checks that an Ed25519 signature is of a message.
    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let public = UnparsedPublicKey::new(&ED25519, &self.public);
        public.verify(message, signature).map_err(|_| self.invalid())
    }

    pub(crate) fn invalid(&self) -> NoteError {
        NoteError::Invalid(self.name.clone())
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = [&[self.algorithm as u8], self.public.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER_PERMISSIVE.encode(&self.id), BASE64.encode(&key))
    }
}

/// The secret half of a key from its seed (RFC 8032, section 5.1.5), beside the public one.
pub(crate) fn from_seed(
    name: &str,
    algorithm: Algorithm,
    seed: &[u8; 32],
) -> Result<(PublicKey, Ed25519KeyPair), NoteError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key("its secret is unusable"))?;
    let mut public = [0; 32];
    public.copy_from_slice(pair.public_key().as_ref());
    Ok((PublicKey::new(name, algorithm, public)?, pair))
}

/// A signature's line, with its end.
pub(crate) fn line(key: &PublicKey, signature: &[u8]) -> String {
    format!("{MARK}{} {}\n", key.name, BASE64.encode(&[key.id.as_slice(), signature].concat()))
}
