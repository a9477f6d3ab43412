//! Cosignatures v1 (C2SP tlog-cosignature) with Ed25519, signature type 04: a witness says when it saw a checkpoint as
//! the largest consistent one of its log.
//!
//! Lines of other types, such as 06 (ML-DSA-44), read as signatures of a [`Note`] and are nobody's here.

use aws_lc_rs::signature::Ed25519KeyPair;

use crate::key::{self, Algorithm, PublicKey};
use crate::note::{Note, NoteError, check_text};

/// Latest time of a cosignature, in seconds since 1970.
pub const COSIGNATURE_TIME_S_MAX: u64 = i64::MAX as u64;

/// The name and key by which a cosignature is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignerVerifierKey(PublicKey);

impl CosignerVerifierKey {
    /// Reads `name+id+base64(04 || key)`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        PublicKey::parse(text, Algorithm::Cosignature).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

impl std::fmt::Display for CosignerVerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A witness's name and the secret it cosigns with; a secret of its own, for what is signed does not hold the name.
pub struct CosignerSigningKey {
    verifier: CosignerVerifierKey,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for CosignerSigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CosignerSigningKey({})", self.verifier.name())
    }
}

impl CosignerSigningKey {
    /// A key of this name from its secret (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// [`NoteError::Key`] for a text that cannot be a name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let (public, pair) = key::from_seed(name, Algorithm::Cosignature, seed)?;
        Ok(Self { verifier: CosignerVerifierKey(public), pair })
    }

    /// What others verify with.
    #[must_use]
    pub const fn verifier(&self) -> &CosignerVerifierKey {
        &self.verifier
    }

    /// Cosigns a checkpoint's text as seen at a time, in seconds since 1970: the signature's line with its end, which
    /// is appended to the note.
    ///
    /// # Errors
    /// [`NoteError::Time`]; [`NoteError::Shape`] or [`NoteError::Control`] for a text that no note can hold.
    pub fn cosign(&self, text: &str, time_s: u64) -> Result<String, NoteError> {
        check_text(text)?;
        if !(1..=COSIGNATURE_TIME_S_MAX).contains(&time_s) {
            return Err(NoteError::Time(time_s));
        }
        let signature = self.pair.sign(message(text, time_s).as_bytes());
        Ok(key::line(&self.verifier.0, &[time_s.to_be_bytes().as_slice(), signature.as_ref()].concat()))
    }
}

impl Note<'_> {
    /// Checks that a witness cosigned the checkpoint, and says when: seconds since 1970, by its clock. Other signatures
    /// are not looked at.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`], [`NoteError::Invalid`].
    pub fn verify_cosignature(&self, key: &CosignerVerifierKey) -> Result<u64, NoteError> {
        let (time_s, signature) = key.0.find(self)?.bytes.split_first_chunk().ok_or_else(|| key.0.invalid())?;
        let time_s = u64::from_be_bytes(*time_s);
        if time_s > COSIGNATURE_TIME_S_MAX {
            return Err(key.0.invalid());
        }
        key.0.check(message(self.text, time_s).as_bytes(), signature)?;
        Ok(time_s)
    }
}

/// What is signed.
fn message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    const TEXT: &str = "log.example/ws/1/e1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    fn witness() -> CosignerSigningKey {
        CosignerSigningKey::from_seed("witness.example/w1", &[8; 32]).unwrap()
    }

    fn cosigned(time_s: u64) -> String {
        let log = SigningKey::from_seed("log.example/ws/1/e1", &[7; 32]).unwrap();
        log.sign(TEXT).unwrap() + &witness().cosign(TEXT, time_s).unwrap()
    }

    #[test]
    fn what_is_cosigned_verifies_with_its_time_and_nothing_else() {
        let note = cosigned(1_679_315_147);
        let key = witness();
        assert_eq!(Note::parse(note.as_bytes()).unwrap().verify_cosignature(key.verifier()), Ok(1_679_315_147));
        let line = note.rfind('\u{2014}').unwrap();
        for (at, byte) in note.bytes().enumerate().filter(|(at, _)| *at < TEXT.len() || *at >= line) {
            let mut other = note.clone().into_bytes();
            other[at] = if byte == b'1' { b'2' } else { b'1' };
            let held = Note::parse(&other).and_then(|note| note.verify_cosignature(key.verifier()));
            assert!(held.is_err(), "byte {at}");
        }
        let parsed = CosignerVerifierKey::parse(&key.verifier().to_string()).unwrap();
        assert_eq!(parsed, *key.verifier());
    }

    #[test]
    fn a_cosignature_has_the_bytes_of_the_standard() {
        let note = cosigned(258);
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.signatures[1].bytes.len(), 8 + 64);
        assert_eq!(note.signatures[1].bytes[..8], [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(message("log\n", 258), "cosignature/v1\ntime 258\nlog\n");
    }

    #[test]
    fn a_key_of_one_kind_is_none_of_the_other() {
        let seed = [8; 32];
        let signer = SigningKey::from_seed("witness.example/w1", &seed).unwrap();
        assert_eq!(
            CosignerVerifierKey::parse(&signer.verifier().to_string()),
            Err(NoteError::Key("its kind is not Ed25519 cosignature"))
        );
        let note = cosigned(1);
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.verify(signer.verifier()), Err(NoteError::Unsigned("witness.example/w1".to_owned())));
    }

    #[test]
    fn times_have_their_bound() {
        assert!(witness().cosign(TEXT, COSIGNATURE_TIME_S_MAX).is_ok());
        for time_s in [0, COSIGNATURE_TIME_S_MAX + 1, u64::MAX] {
            assert_eq!(witness().cosign(TEXT, time_s), Err(NoteError::Time(time_s)));
        }
        let key = witness();
        let late = COSIGNATURE_TIME_S_MAX + 1;
        let signature = key.pair.sign(message(TEXT, late).as_bytes());
        let line = key::line(&key.verifier.0, &[late.to_be_bytes().as_slice(), signature.as_ref()].concat());
        let note = format!("{TEXT}\n{line}");
        let held = Note::parse(note.as_bytes()).unwrap().verify_cosignature(key.verifier());
        assert_eq!(held, Err(NoteError::Invalid("witness.example/w1".to_owned())));
    }
}
