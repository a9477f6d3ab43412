//! What someone may do to a log's files, and that the verifier sees each.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod log;

use proptest::prelude::*;

use log::{Files, KEPT_KINDS, KINDS, VICTIM, entry};
use tlog::{
    Checkpoint, CosignerVerifierKey, Difference, Frontier, Note, ProofFile, VerifierKey, leaf_hash, verify_log,
};

/// What the verifier says of a log, as a reader who has the keys and perhaps a kept note.
fn verdict(files: &Files, kept: Option<&str>) -> Result<u64, String> {
    let keys = log::verifier_keys();
    let (log, witness) = keys.split_once('\n').unwrap();
    let logs = [VerifierKey::parse(log).unwrap()];
    let witness = CosignerVerifierKey::parse(witness).unwrap();
    let open = |note: &[u8]| -> Result<Checkpoint, String> {
        let note = Note::parse(note).map_err(|why| why.to_string())?;
        let checkpoint = Checkpoint::open(&note, &logs).map_err(|why| why.to_string())?;
        note.verify_cosignature(&witness).map_err(|why| why.to_string())?;
        Ok(checkpoint)
    };
    let checkpoint = open(files.get("checkpoint").ok_or("checkpoint is missing")?)?;
    let kept: Vec<Checkpoint> = kept.map(|note| open(note.as_bytes())).transpose()?.into_iter().collect();
    let mut seen = 0;
    let read = |resource: tlog::Resource| files.get(&resource.to_string()).cloned();
    let mut entries = std::collections::HashMap::new();
    verify_log(&checkpoint, &kept, read, |index, bytes, _| {
        assert_eq!(index, seen, "entries come in their order");
        seen += 1;
        if index == checkpoint.size * 2 / 3 {
            entries.insert(index, bytes.to_vec());
        }
    })
    .map_err(|why| why.to_string())?;
    for (path, proof) in files.iter().filter(|(path, _)| path.ends_with(".tlog-proof")) {
        let proof = ProofFile::parse(proof).map_err(|why| format!("{path}: {why}"))?;
        let proven = proof.verify(&entries[&proof.index], &logs, std::slice::from_ref(&witness));
        let proven = proven.map_err(|why| format!("{path}: {why}"))?;
        if (proven.checkpoint, proven.cosigned.len()) != (checkpoint.clone(), 1) {
            return Err(format!("{path}: another checkpoint, or no witness's"));
        }
    }
    Ok(seen)
}

#[test]
fn an_untouched_log_passes() {
    let (files, kept) = log::untouched();
    assert_eq!(verdict(&files, None), Ok(log::SIZE));
    assert_eq!(verdict(&files, Some(&kept)), Ok(log::SIZE));
    assert!(files.contains_key(&format!("proofs/{VICTIM}.tlog-proof")));
    for size in [0, 1, 255, 256, 257] {
        let (files, kept) = match size {
            0 => (empty(), String::new()),
            _ => log::write(size, &log::log_key(), entry, 1),
        };
        assert_eq!(verdict(&files, Some(kept.as_str()).filter(|kept| !kept.is_empty())), Ok(size));
    }
}

/// A log without entries: its checkpoint alone.
fn empty() -> Files {
    let text = format!("{}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", log::ORIGIN);
    let note = log::log_key().sign(&text).unwrap() + &log::witness_key().cosign(&text, 1).unwrap();
    Files::from([("checkpoint".to_owned(), note.into_bytes())])
}

#[test]
fn whatever_is_done_to_the_files_is_seen_and_named() {
    let (untouched, _) = log::untouched();
    for (kind, named, tamper) in KINDS {
        let mut files = untouched.clone();
        tamper(&mut files);
        assert!(files != untouched, "{kind} changes something");
        let why = verdict(&files, None).expect_err(kind);
        assert!(why.contains(named), "{kind}: {why}");
    }
}

#[test]
fn history_rewritten_with_the_real_key_is_seen_by_whoever_kept_a_checkpoint() {
    let (untouched, kept) = log::untouched();
    for (kind, named, tamper) in KEPT_KINDS {
        let mut files = untouched.clone();
        tamper(&mut files);
        assert!(verdict(&files, None).is_ok(), "{kind} cannot be seen without one");
        let why = verdict(&files, Some(&kept)).expect_err(kind);
        assert!(why.contains(named), "{kind}: {why}");
    }
}

#[test]
fn a_kept_checkpoint_is_of_this_log_and_of_its_root() {
    let (files, _) = log::write(300, &log::log_key(), entry, 0);
    let at = |size: u64| {
        let mut frontier = Frontier::new();
        (0..size).for_each(|index| frontier.append(leaf_hash(&entry(index)), |_, _, _| {}));
        Checkpoint { origin: log::ORIGIN.to_owned(), size, root: frontier.root(), extensions: Vec::new() }
    };
    let verify = |kept: &[Checkpoint]| {
        verify_log(&at(300), kept, |resource| files.get(&resource.to_string()).cloned(), |_, _, _| {})
    };
    let sizes = [256, 0, 300, 1, 257, 256];
    assert_eq!(verify(&sizes.map(at)), Ok(()), "several, in whatever order");
    for size in sizes {
        let other = Checkpoint { root: leaf_hash(b"other"), ..at(size) };
        assert_eq!(verify(&[at(299), other]), Err(Difference::Rewritten(size)));
    }
    assert_eq!(verify(&[at(1), at(301)]), Err(Difference::Rollback { kept: 301, size: 300 }));
    let other = Checkpoint { origin: "log.example/other".to_owned(), ..at(1) };
    assert_eq!(verify(&[other]), Err(Difference::Origin("log.example/other".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// There is no byte that nobody looks at.
    #[test]
    fn any_byte_of_any_file_counts(size in 1_u64..700, file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u8, kind in 0..4_u8) {
        let (mut files, _) = log::write(size, &log::log_key(), entry, 0);
        prop_assert_eq!(verdict(&files, None), Ok(size));
        let path = file.get(&files.keys().collect::<Vec<_>>()).to_string();
        // A proof that is not there proves nothing, and is missed by nobody.
        prop_assume!(kind > 0 || !path.starts_with("proofs/"));
        let bytes = files.get_mut(&path).unwrap();
        match kind {
            0 => drop(files.remove(&path)),
            1 => drop(bytes.pop()),
            2 => bytes.push(bit),
            _ => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        }
        prop_assert!(verdict(&files, None).is_err(), "{} {} {}", path, kind, bit);
    }
}
