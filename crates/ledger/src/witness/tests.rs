//! A witness and its folder, without the network.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tlog::{Frontier, Hash, SigningKey, leaf_hash};

use super::*;

const ORIGIN: &str = "log.example/deployment/e1";
const NAME: &str = "witness.example/w1";

/// What is done to a folder.
type Change<'a> = &'a dyn Fn(&Path);

fn log() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn open(dir: &Path) -> Result<Witness, WitnessError> {
    Witness::open(dir, NAME, vec![log().verifier().clone()])
}

fn note(size: u64, root: Hash) -> String {
    log().sign(&Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }.to_string()).unwrap()
}

/// The checkpoint of that many leaves of a history.
fn history(size: u64, of: &str) -> String {
    let mut frontier = Frontier::new();
    (0..size).for_each(|at| frontier.append(leaf_hash(format!("{of} {at}").as_bytes()), |_, _, _| {}));
    note(size, frontier.root())
}

fn ask(witness: &Witness, old: u64, note: &str) -> Answer {
    witness.answer(format!("old {old}\n\n{note}").as_bytes(), 1_800_000_000).unwrap()
}

#[test]
fn what_was_cosigned_is_held_over_a_new_start() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    let first = history(1, "a");
    assert_eq!(ask(&witness, 0, &first).status(), 200);
    let key = witness.key().clone();
    assert!(matches!(open(dir.path()), Err(WitnessError::InUse(_))), "one process at a time");
    assert_eq!(super::key(dir.path(), NAME).unwrap(), key, "the key is read while it runs");
    drop(witness);
    let witness = open(dir.path()).unwrap();
    assert_eq!(*witness.key(), key);
    assert_eq!(ask(&witness, 0, &history(1, "b")), Answer::Conflict { held: 1 });
    assert_eq!(ask(&witness, 1, &history(1, "b")).status(), 422);
    let kept = witness.cosigned(&name_of(ORIGIN)).unwrap();
    assert!(kept.starts_with(&first) && Note::parse(kept.as_bytes()).unwrap().verify_cosignature(&key).is_ok());
}

#[test]
fn a_damaged_folder_is_refused_by_the_file_s_name() {
    let refused = |change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ask(&open(dir.path()).unwrap(), 0, &history(1, "a")).status(), 200);
        change(dir.path());
        open(dir.path()).unwrap_err().to_string()
    };
    let held = |dir: &Path| dir.join("held").join(name_of(ORIGIN));
    let other = "0".repeat(64);
    let cases: [(Change<'_>, &str); 8] = [
        (&|dir| fs::write(held(dir), "").unwrap(), "held/"),
        (&|dir| fs::write(held(dir), history(1, "a")).unwrap(), "held/"),
        (&|dir| fs::write(held(dir), b"\xff").unwrap(), "UTF-8"),
        (&|dir| fs::rename(held(dir), dir.join("held").join(&other)).unwrap(), "another name"),
        (&|dir| fs::write(dir.join("held/x"), "").unwrap(), "held/x"),
        (&|dir| fs::remove_file(dir.join("seed")).unwrap(), "is missing, though"),
        (&|dir| fs::write(dir.join("seed"), format!("{NAME}\n")).unwrap(), "seed"),
        (&|dir| fs::set_permissions(dir.join("seed"), fs::Permissions::from_mode(0o644)).unwrap(), "644"),
    ];
    for (change, word) in cases {
        let why = refused(change);
        assert!(why.contains(word) && why.contains('/'), "{word}: {why}");
    }
    let text = |dir: &Path| fs::read_to_string(held(dir)).unwrap();
    let longer = |dir: &Path| fs::write(held(dir), text(dir).replace("\n1\n", "\n2\n")).unwrap();
    assert!(refused(&longer).contains("held/"), "a size edited");
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let renamed = Witness::open(dir.path(), "another", Vec::new()).unwrap_err();
    assert!(matches!(renamed, WitnessError::Name { .. }), "{renamed}");
    fs::write(dir.path().join("held").join(format!("{other}.new")), "half").unwrap();
    open(dir.path()).expect("what a crash left half written was never answered for");
}

#[test]
fn files_are_their_owner_s_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ask(&open(dir.path()).unwrap(), 0, &history(1, "a")).status(), 200);
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("held"), mode("evidence")], [0o700; 3]);
    assert_eq!([mode("seed"), mode(&format!("held/{}", name_of(ORIGIN)))], [0o600; 2]);
}

#[test]
fn what_cannot_be_stored_is_not_cosigned_and_ends_the_cosigning() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    // A folder in the file's place cannot be replaced by a file, whoever asks.
    fs::create_dir(dir.path().join("held").join(name_of(ORIGIN))).unwrap();
    let body = format!("old 0\n\n{}", history(1, "a"));
    assert!(matches!(witness.answer(body.as_bytes(), 1), Err(WitnessError::Io { .. })));
    fs::remove_dir(dir.path().join("held").join(name_of(ORIGIN))).unwrap();
    assert!(matches!(witness.answer(body.as_bytes(), 1), Err(WitnessError::InDoubt)), "until the disk was read again");
    assert_eq!(witness.cosigned(&name_of(ORIGIN)), None);
}

#[test]
fn evidence_is_kept_once_and_to_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    assert_eq!(ask(&witness, 0, &history(2, "a")).status(), 200);
    let evidence = || {
        let files = fs::read_dir(dir.path().join("evidence").join(name_of(ORIGIN))).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let fork = |at: usize| ask(&witness, 2, &history(2, &format!("fork {at}"))).status();
    assert_eq!([fork(0), fork(0)], [422; 2]);
    assert_eq!(evidence().len(), 1, "the same note once");
    let text = fs::read_to_string(dir.path().join("evidence").join(name_of(ORIGIN)).join(&evidence()[0])).unwrap();
    assert!(text.contains(&history(2, "fork 0")) && text.contains(&history(2, "a")), "both notes: {text}");
    // Anybody may put a bad proof to a good checkpoint: that fills another place.
    (0..=EVIDENCE_MAX as u64).for_each(|at| assert_eq!(ask(&witness, 2, &history(3 + at, "a")).status(), 422));
    (1..EVIDENCE_MAX).for_each(|at| assert_eq!(fork(at), 422));
    let first = evidence();
    assert_eq!(first.iter().filter(|name| name.starts_with("fork-")).count(), EVIDENCE_MAX);
    assert_eq!(first.len(), 2 * EVIDENCE_MAX);
    assert_eq!(fork(EVIDENCE_MAX), 422);
    assert_eq!(evidence(), first, "one past the bound");
}

#[test]
fn only_signatures_of_the_log_are_held() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    let first = history(1, "a");
    let crowded = first.clone() + &"\u{2014} nobody AAAAAAA=\n".repeat(63);
    assert_eq!(ask(&witness, 0, &crowded).status(), 200, "64 signatures are the most of a note");
    let kept = witness.cosigned(&name_of(ORIGIN)).unwrap();
    assert!(kept.starts_with(&first) && !kept.contains("nobody"), "{kept}");
    assert_eq!(kept.lines().count(), first.lines().count() + 1);
}

#[test]
fn as_many_logs_as_the_bound_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let keys = |count| vec![log().verifier().clone(); count];
    assert!(matches!(Witness::open(dir.path(), NAME, keys(LOGS_MAX + 1)), Err(WitnessError::TooMany(_))));
    Witness::open(dir.path(), NAME, keys(LOGS_MAX)).unwrap();
    let bad = keys_of(&format!("{}\n\nx\n", log().verifier())).unwrap_err();
    assert!(bad.starts_with("line 3: "), "{bad}");
}
