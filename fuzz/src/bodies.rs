//! What each target asks of a parser for any bytes: it ends, it does not panic, and what it takes it writes back alike.
//!
//! The fuzz targets call these, and so does an ordinary test over the corpus.

use tlog::{
    AddCheckpoint, Checkpoint, CosignerSigningKey, CosignerVerifierKey, Note, ProofFile, Resource, SigningKey,
    VerifierKey, decide, decode_bundle, encode_bundle,
};

/// What is asked for any bytes.
type Body = fn(&[u8]);

/// The targets, by the name of their corpus.
pub(crate) const TARGETS: [(&str, Body); 5] =
    [("note", note), ("checkpoint", checkpoint), ("tile", tile), ("proof", proof), ("witness", witness)];

/// Secret of the keys that targets know, so that a corpus may hold what they signed.
pub(crate) const SEED: [u8; 32] = [7; 32];
/// Name of the log that they know.
pub(crate) const ORIGIN: &str = "log.example/ws/1/e1";

fn log() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &SEED).expect("a name and a secret")
}

fn cosigner() -> CosignerSigningKey {
    CosignerSigningKey::from_seed("witness.example/w1", &SEED).expect("a name and a secret")
}

/// A signed note, and the texts of keys.
pub(crate) fn note(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = VerifierKey::parse(text) {
            assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
        }
        if let Ok(key) = CosignerVerifierKey::parse(text) {
            assert_eq!(CosignerVerifierKey::parse(&key.to_string()), Ok(key));
        }
    }
    let Ok(note) = Note::parse(bytes) else { return };
    assert!(note.text.ends_with('\n') && bytes.starts_with(note.text.as_bytes()));
    assert!(!bytes.contains(&b'\r'), "a control character passed");
    assert!(!note.signatures.is_empty() && note.signatures.len() <= tlog::SIGNATURES_MAX);
    drop((note.verify(log().verifier()), note.verify_cosignature(cosigner().verifier())));
    // What reads can be signed, and reads again.
    let signed = log().sign(note.text).expect("its text is one of a note");
    let again = Note::parse(signed.as_bytes());
    assert_eq!(again.map(|again| again.text), Ok(note.text));
}

/// A checkpoint, alone and in a note.
pub(crate) fn checkpoint(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(read) = Checkpoint::parse(text)
    {
        assert_eq!(read.to_string(), text, "a checkpoint has one form");
    }
    if let Ok(note) = Note::parse(bytes)
        && let Ok(opened) = Checkpoint::open(&note, &[log().verifier().clone()])
    {
        assert_eq!(opened.to_string(), note.text);
        assert_eq!(note.verify(log().verifier()), Ok(()));
    }
}

/// The path of a tile or bundle up to the first zero, and a bundle of as many entries as the byte behind it says.
pub(crate) fn tile(bytes: &[u8]) {
    let (path, rest) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    if let Ok(resource) = Resource::parse(path) {
        assert_eq!(resource.to_string().as_bytes(), path, "a resource has one path");
    }
    let Some((_, rest)) = rest.split_first() else { return };
    let Some((width, bundle)) = rest.split_first() else { return };
    let width = u16::from(*width) + 1;
    if let Ok(entries) = decode_bundle(bundle, width) {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(encode_bundle(entries).as_deref(), Ok(bundle));
    }
}

/// A proof file.
pub(crate) fn proof(bytes: &[u8]) {
    let Ok(file) = ProofFile::parse(bytes) else { return };
    assert_eq!(file.to_string().as_bytes(), bytes, "a proof file has one form");
    drop(file.verify(b"entry", &[log().verifier().clone()], &[cosigner().verifier().clone()]));
}

/// The body of a request to a witness that holds nothing yet.
pub(crate) fn witness(bytes: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(bytes) else { return };
    assert_eq!(request.to_string().as_bytes(), bytes, "a request has one form");
    let answer = decide(None, &request, &[log().verifier().clone()], &cosigner(), 1_800_000_000);
    assert!([200, 400, 403, 404, 409, 422].contains(&answer.status()), "{}", answer.status());
    assert!(answer.body().ends_with('\n'));
    if answer.status() == 200 {
        let cosigned = format!("{}{}", request.note, answer.body());
        let note = Note::parse(cosigned.as_bytes()).expect("a cosigned note");
        assert_eq!(note.verify_cosignature(cosigner().verifier()), Ok(1_800_000_000));
    }
}
