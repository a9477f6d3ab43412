//! Proof files and requests: written, read, held against their keys, and refused with their line.

use data_encoding::BASE64;

use super::{Kept, numbered};
use crate::{
    AddCheckpoint, Checkpoint, CosignerSigningKey, CosignerVerifierKey, Hash, NoteError, OpenError, PROOF_HASHES_MAX,
    ProofError, ProofFile, ProofFileError, REQUEST_HASHES_MAX, RequestError, SigningKey, VerifierKey, leaf_hash,
    prove_consistency, prove_inclusion, verify_inclusion,
};

pub(super) const ORIGIN: &str = "log.example/ws/0190f3a8-7c1e-7c3a-9a51-2f6f0c8d1b11/e1";
const TIME_S: u64 = 1_790_000_000;

pub(super) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(super) fn witness_key() -> CosignerSigningKey {
    CosignerSigningKey::from_seed("witness.example/w1", &[2; 32]).unwrap()
}

/// The note of a tree's first leaves, signed.
pub(super) fn note_of(kept: &Kept, size: u64) -> String {
    note(size, kept.roots[usize::try_from(size).unwrap()])
}

pub(super) fn note(size: u64, root: Hash) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
    log_key().sign(&checkpoint.to_string()).unwrap()
}

/// A note with the witness's line.
fn cosigned(note: String) -> String {
    let text = note[..=note.find("\n\n").unwrap()].to_owned();
    note + &witness_key().cosign(&text, TIME_S).unwrap()
}

/// A proof file of entry `index` of seven.
pub(super) fn proof_file(index: u64) -> String {
    let kept = numbered(7);
    let note = cosigned(note_of(&kept, 7));
    ProofFile { extra: None, index, hashes: prove_inclusion(&kept, index, 7).unwrap(), note: &note }.to_string()
}

/// A request to follow one size with another.
pub(super) fn request(old: u64, size: u64) -> String {
    let kept = numbered(size.max(old));
    let proof = if old == 0 { Vec::new() } else { prove_consistency(&kept, old, size).unwrap() };
    AddCheckpoint { old, proof, note: &note_of(&kept, size) }.to_string()
}

fn keys() -> ([VerifierKey; 1], [CosignerVerifierKey; 1]) {
    ([log_key().verifier().clone()], [witness_key().verifier().clone()])
}

#[test]
fn a_proof_file_holds_for_its_entry_and_no_other() {
    let (logs, witnesses) = keys();
    for index in 0..7_u64 {
        let text = proof_file(index);
        let proof = ProofFile::parse(text.as_bytes()).unwrap();
        let proven = proof.verify(&index.to_be_bytes(), &logs, &witnesses).unwrap();
        assert_eq!((proven.checkpoint.size, proven.checkpoint.root), (7, numbered(7).frontier.root()));
        assert_eq!(proven.cosigned, [("witness.example/w1".to_owned(), TIME_S)]);
        let other = proof.verify(&(index + 1).to_be_bytes(), &logs, &witnesses);
        assert_eq!(other, Err(ProofFileError::Proof(ProofError::Root)));
        let moved = ProofFile { index: index ^ 1, ..proof.clone() };
        assert!(matches!(moved.verify(&index.to_be_bytes(), &logs, &witnesses), Err(ProofFileError::Proof(_))));
        assert_eq!(proof.verify(&index.to_be_bytes(), &logs, &[]).unwrap().cosigned, []);
    }
}

#[test]
fn a_proof_file_is_of_a_known_log_and_no_forged_witness() {
    let (logs, witnesses) = keys();
    let text = proof_file(3);
    let entry = 3_u64.to_be_bytes();
    let proof = ProofFile::parse(text.as_bytes()).unwrap();
    let other = SigningKey::from_seed("log.example/other", &[1; 32]).unwrap().verifier().clone();
    let unknown = ProofFileError::Checkpoint(OpenError::Origin(ORIGIN.to_owned()));
    assert_eq!(proof.verify(&entry, &[other], &witnesses), Err(unknown.clone()));
    assert_eq!(proof.verify(&entry, &[], &witnesses), Err(unknown));
    let next = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap().verifier().clone();
    let unsigned = ProofFileError::Checkpoint(OpenError::Note(NoteError::Unsigned(ORIGIN.to_owned())));
    assert_eq!(proof.verify(&entry, std::slice::from_ref(&next), &witnesses), Err(unsigned));
    for keys in [[next.clone(), logs[0].clone()], [logs[0].clone(), next]] {
        assert!(proof.verify(&entry, &keys, &witnesses).is_ok(), "one key of several is enough");
    }
    // Another text's cosignature in the place of this one's.
    let forged = proof.note.replace(
        &witness_key().cosign(&proof.note[..=proof.note.find("\n\n").unwrap()], TIME_S).unwrap(),
        &witness_key().cosign("x\n", TIME_S).unwrap(),
    );
    let forged = ProofFile { note: &forged, ..proof };
    let invalid = ProofFileError::Note(NoteError::Invalid("witness.example/w1".to_owned()));
    assert_eq!(forged.verify(&entry, &logs, &witnesses), Err(invalid));
    assert!(forged.verify(&entry, &logs, &[]).is_ok(), "nobody asked about that witness");
}

#[test]
fn extra_data_is_read_and_trusted_by_nobody() {
    let text = proof_file(3).replacen('\n', "\nextra AAEC\n", 1);
    let proof = ProofFile::parse(text.as_bytes()).unwrap();
    assert_eq!(proof.extra.as_deref(), Some([0, 1, 2].as_slice()));
    assert_eq!(proof.to_string(), text);
}

#[test]
fn bad_proof_files_are_refused_with_their_line() {
    let text = proof_file(3);
    let refused = |text: String| match ProofFile::parse(text.as_bytes()).unwrap_err() {
        ProofFileError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(refused(String::new()), 1);
    assert_eq!(refused(text.replace("@v1", "@v2")), 1);
    for index in ["index 03", "index -3", "index", "index 18446744073709551616", "Index 3", "index  3", "index 3 "] {
        assert_eq!(refused(text.replace("index 3", index)), 2, "{index}");
    }
    assert_eq!(refused(text.replace("index 3", "extra AA\nindex 3")), 2);
    assert_eq!(refused(text.replace("index 3", "extra AAEC\nextra AAEC\nindex 3")), 3);
    assert_eq!(refused(text.replace("index 3\n", "index 3\nAAAA\n")), 3);
    assert_eq!(refused(text[..text.find("\n\n").unwrap()].to_owned()), 5);
    let line = BASE64.encode(&[7; 32]) + "\n";
    let with = |lines: usize| text.replace("index 3\n", &format!("index 3\n{}", line.repeat(lines)));
    assert_eq!(ProofFile::parse(with(PROOF_HASHES_MAX - 3).as_bytes()).unwrap().hashes.len(), PROOF_HASHES_MAX);
    assert_eq!(refused(with(PROOF_HASHES_MAX - 2)), PROOF_HASHES_MAX + 3);
    assert!(matches!(ProofFile::parse(text.trim_end().as_bytes()), Err(ProofFileError::Note(_))));
    assert_eq!(ProofFile::parse(b"\xff"), Err(ProofFileError::Encoding));
}

#[test]
fn a_proof_of_a_million_leaves_has_at_most_2500_bytes() {
    // Its length depends on sizes alone: 20 hashes, one signature and one cosignature.
    let size = 1 << 20;
    let hashes = vec![leaf_hash(b"sibling"); 20];
    let wrong = verify_inclusion(&hashes, size - 1, size, &hashes[0], &hashes[0]);
    assert_eq!(wrong, Err(ProofError::Root), "its length is right");
    let note = cosigned(note(size, leaf_hash(b"root")));
    let text = ProofFile { extra: None, index: size - 1, hashes, note: &note }.to_string();
    println!("a proof of {size} leaves has {} bytes", text.len());
    assert!(text.len() <= 2_500, "{}", text.len());
}

#[test]
fn bad_requests_are_refused_with_their_line() {
    let text = request(3, 7);
    let parsed = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!((parsed.old, parsed.proof.len(), parsed.origin().as_deref()), (3, 4, Ok(ORIGIN)));
    let refused = |text: &str| match AddCheckpoint::parse(text.as_bytes()).unwrap_err() {
        RequestError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    for old in ["old 03", "old", "old -1", "Old 3", "old 3 ", "old 18446744073709551616"] {
        assert_eq!(refused(&text.replacen("old 3", old, 1)), 1, "{old}");
    }
    assert_eq!(refused(&text.replacen("old 3\n", "old 3\nAAAA\n", 1)), 2);
    assert_eq!(refused("old 3"), 1);
    let line = BASE64.encode(&[7; 32]) + "\n";
    let with = |lines: usize| text.replacen("old 3\n", &format!("old 3\n{}", line.repeat(lines)), 1);
    let at_the_bound = with(REQUEST_HASHES_MAX - 4);
    assert_eq!(AddCheckpoint::parse(at_the_bound.as_bytes()).unwrap().proof.len(), REQUEST_HASHES_MAX);
    assert_eq!(refused(&with(REQUEST_HASHES_MAX - 3)), REQUEST_HASHES_MAX + 2);
    assert!(matches!(AddCheckpoint::parse(b"old 0\n\ntext\n"), Err(RequestError::Note(NoteError::Shape))));
    assert_eq!(AddCheckpoint::parse(b"\xff"), Err(RequestError::Encoding));
}
