//! No bytes make a parser panic, and what one reads it writes again as it stood.

use proptest::prelude::*;

use super::texts::{proof_file, request};
use crate::{
    AddCheckpoint, Checkpoint, CosignerVerifierKey, Note, PROOF_FILE_BYTES_MAX, ProofFile, REQUEST_BYTES_MAX, Resource,
    VerifierKey, decode_bundle,
};

/// Reads bytes in every way that there is.
fn read(bytes: &[u8]) {
    assert!(Note::parse(bytes).is_err() || bytes.ends_with(b"\n"));
    if let Ok(proof) = ProofFile::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
    if let Ok(resource) = Resource::parse(bytes) {
        assert_eq!(resource.to_string().as_bytes(), bytes);
    }
    for width in [0, 1, 2, 256, u16::MAX] {
        assert!(decode_bundle(bytes, width).is_err() || bytes.len() >= 2 * usize::from(width));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(checkpoint) = Checkpoint::parse(text) {
            assert_eq!(checkpoint.to_string(), text);
        }
        assert!(VerifierKey::parse(text).is_err() || CosignerVerifierKey::parse(text).is_err());
    }
}

/// Bytes somewhere in a text replaced.
fn spoiled(text: &str, at: prop::sample::Index, bytes: &[u8], removed: usize) -> Vec<u8> {
    let at = at.index(text.len());
    let behind = text.len().min(at + removed);
    [&text.as_bytes()[..at], bytes, &text.as_bytes()[behind..]].concat()
}

proptest! {
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn random_texts(text in "(old |index |tile/|extra |c2sp.org/tlog-proof@v1|[0-9]|[A-Za-z/+=]{0,44}|\n|\u{2014} |x0| |\\.p/){0,20}") {
        read(text.as_bytes());
    }

    #[test]
    fn spoiled_texts(at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..4), removed in 0_usize..4) {
        for text in [proof_file(3), request(3, 7)] {
            read(&spoiled(&text, at, &bytes, removed));
        }
    }
}

#[test]
fn lengths_have_their_bound() {
    let long = vec![b'\n'; PROOF_FILE_BYTES_MAX.max(REQUEST_BYTES_MAX) + 1];
    let proof = |length: usize| ProofFile::parse(&long[..length]).unwrap_err().to_string();
    assert!(proof(PROOF_FILE_BYTES_MAX).starts_with("line 1"));
    assert!(proof(PROOF_FILE_BYTES_MAX + 1).contains("the most"));
    let request = |length: usize| AddCheckpoint::parse(&long[..length]).unwrap_err().to_string();
    assert!(request(REQUEST_BYTES_MAX).starts_with("line 1"));
    assert!(request(REQUEST_BYTES_MAX + 1).contains("the most"));
}
