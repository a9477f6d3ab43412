//! The corpus of the fuzz targets, and every prefix of it, as an ordinary test: `cargo xtask fuzz` goes on from here.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test does not expect is a panic")]

#[path = "../../../fuzz/src/bodies.rs"]
mod bodies;

use std::path::{Path, PathBuf};

use bodies::{ORIGIN, SEED, TARGETS};
use tlog::{AddCheckpoint, Checkpoint, CosignerSigningKey, Frontier, ProofFile, SigningKey, encode_bundle, leaf_hash};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

/// Texts that each target takes, with everything that is signed.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let leaf = leaf_hash(b"entry");
    let mut tree = Frontier::new();
    tree.append(leaf, |_, _, _| {});
    let stands = Checkpoint { origin: ORIGIN.to_owned(), size: 1, root: tree.root(), extensions: Vec::new() };
    let extended = Checkpoint { extensions: vec!["more".to_owned()], ..stands.clone() };
    let key = SigningKey::from_seed(ORIGIN, &SEED).unwrap();
    let witness = CosignerSigningKey::from_seed("witness.example/w1", &SEED).unwrap();
    let note = key.sign(&stands.to_string()).unwrap();
    let cosigned = note.clone() + &witness.cosign(&stands.to_string(), 1_800_000_000).unwrap();
    let proof = |extra: Option<&[u8]>, hashes| {
        ProofFile { extra: extra.map(<[u8]>::to_vec), index: 0, hashes, note: &cosigned }.to_string().into_bytes()
    };
    let bundle = encode_bundle([b"ab".as_slice(), b"", b"c"]).unwrap();
    let with_bundle = |path: &str, width: u8, bytes: &[u8]| [path.as_bytes(), &[0, width], bytes].concat();
    let request = AddCheckpoint { old: 0, proof: Vec::new(), note: &note }.to_string();
    let grown = AddCheckpoint { old: 1, proof: vec![leaf, leaf], note: &note }.to_string();
    vec![
        ("note", "signed", note.clone().into_bytes()),
        ("note", "cosigned", cosigned.clone().into_bytes()),
        ("note", "empty-line", key.sign("a\n\nb\n").unwrap().into_bytes()),
        ("note", "vkey", key.verifier().to_string().into_bytes()),
        ("note", "witness-vkey", witness.verifier().to_string().into_bytes()),
        ("note", "carriage-return", note.replace('\n', "\r\n").into_bytes()),
        ("checkpoint", "text", stands.to_string().into_bytes()),
        ("checkpoint", "extended", extended.to_string().into_bytes()),
        ("checkpoint", "signed", note.clone().into_bytes()),
        ("tile", "partial", with_bundle("tile/0/x001/x234/067.p/5", 2, &bundle)),
        ("tile", "entries", with_bundle("tile/entries/000", 2, &bundle)),
        ("tile", "cut", with_bundle("tile/7/123", 0, &bundle[..3])),
        ("proof", "cosigned", proof(None, Vec::new())),
        ("proof", "extra", proof(Some(b"x"), vec![leaf])),
        ("witness", "first", request.into_bytes()),
        ("witness", "grown", grown.into_bytes()),
        ("witness", "not-signed", b"old 0\n\nlog\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n".to_vec()),
    ]
}

#[test]
fn the_corpus_begins_with_what_is_taken() {
    let updating = std::env::var("COUNTERSIGN_TEST_UPDATE").is_ok_and(|value| value == "1");
    for (target, name, bytes) in seeds() {
        let path = corpus(target).join(name);
        if updating && std::env::var_os("CI").is_none() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).ok(), Some(bytes), "{}", path.display());
    }
}

#[test]
fn every_target_stands_its_corpus() {
    for (target, body) in TARGETS {
        let mut files = 0;
        for file in std::fs::read_dir(corpus(target)).expect(target) {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(bytes.len() <= 4096, "{target}: the corpus in the repository is small");
            body(&bytes);
            for end in 0..bytes.len() {
                body(&bytes[..end]);
                let mut other = bytes.clone();
                other[end] ^= 1 << (end % 8);
                body(&other);
            }
            files += 1;
        }
        assert!((2..=200).contains(&files), "{target}: {files} files");
    }
}
