//! A witness's answers, row by row.

use super::texts::{ORIGIN, log_key, note, note_of, request, witness_key};
use super::{Kept, numbered};
use crate::{
    AddCheckpoint, Answer, Held, Inconsistent, Note, ProofError, SIZE_CONTENT_TYPE, SigningKey, decide, leaf_hash,
    prove_consistency,
};

const NOW_S: u64 = 1_790_000_000;

/// What the witness answers that holds so many leaves of the numbered log.
fn answer(held: Option<u64>, body: &str) -> Answer {
    let held = held.map(|size| Held { size, root: numbered(size).frontier.root() });
    match AddCheckpoint::parse(body.as_bytes()) {
        Ok(request) => decide(held.as_ref(), &request, &[log_key().verifier().clone()], &witness_key(), NOW_S),
        Err(why) => why.into(),
    }
}

fn answer_with(held: Option<u64>, old: u64, proof: Vec<crate::Hash>, note: &str) -> Answer {
    answer(held, &AddCheckpoint { old, proof, note }.to_string())
}

/// A history that parts from the numbered one at its end.
fn forked(size: u64, at: u64) -> Kept {
    Kept::of((0..size).map(|number| if number < at { number } else { number + 1_000 }.to_be_bytes().to_vec()))
}

#[test]
fn the_first_checkpoint_growth_and_a_heartbeat_are_cosigned() {
    for (held, old, size) in
        [(None, 0, 0), (None, 0, 5), (Some(0), 0, 5), (Some(5), 5, 9), (Some(5), 5, 5), (Some(0), 0, 0)]
    {
        let body = request(old, size);
        let answer = answer(held, &body);
        assert_eq!(answer.status(), 200, "{held:?} {old} {size}: {answer:?}");
        let Answer::Cosigned { line, held } = answer.clone() else { unreachable!() };
        assert_eq!(answer.body(), line);
        assert_eq!(held, Held { size, root: numbered(size).frontier.root() });
        let note = body.split_once("\n\n").unwrap().1.to_owned() + &line;
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.verify_cosignature(witness_key().verifier()), Ok(NOW_S));
    }
}

#[test]
fn another_size_than_the_held_one_is_a_conflict() {
    for (held, old, size, named) in
        [(80, 0, 90, "80\n"), (80, 70, 70, "80\n"), (80, 70, 90, "80\n"), (80, 81, 90, "80\n")]
    {
        let answer = answer(Some(held), &request(old, size));
        assert_eq!((answer.status(), answer.content_type(), answer.body().as_str()), (409, SIZE_CONTENT_TYPE, named));
    }
    let nothing = answer(None, &request(70, 90));
    assert_eq!((nothing.status(), nothing.body().as_str()), (409, "0\n"));
}

#[test]
fn a_checkpoint_smaller_than_the_old_size_is_malformed() {
    let small = answer_with(Some(80), 80, Vec::new(), &note_of(&numbered(70), 70));
    assert_eq!((small.status(), small.content_type()), (400, "text/plain; charset=utf-8"));
    assert_eq!(answer(Some(80), "old 080\n\n").status(), 400);
    let no_checkpoint = log_key().sign("no checkpoint\n").unwrap();
    assert_eq!(answer_with(None, 0, Vec::new(), &no_checkpoint).status(), 400);
}

#[test]
fn only_a_known_key_of_the_log_counts() {
    let stranger = SigningKey::from_seed(ORIGIN, &[3; 32]).unwrap();
    let text = note_of(&numbered(5), 5);
    let text = &text[..=text.find("\n\n").unwrap()];
    assert_eq!(answer_with(None, 0, Vec::new(), &stranger.sign(text).unwrap()).status(), 403);
    let edited = note_of(&numbered(5), 5).replacen("\n5\n", "\n6\n", 1);
    assert_eq!(answer_with(None, 0, Vec::new(), &edited).status(), 403);
    let both = stranger.sign(text).unwrap() + log_key().sign(text).unwrap().rsplit_once("\n\n").unwrap().1;
    assert_eq!(answer_with(None, 0, Vec::new(), &both).status(), 200, "a stranger's signature is not looked at");
    // Of a conflict, too, only the log itself is told.
    assert_eq!(answer_with(Some(80), 0, Vec::new(), &edited).status(), 403);
}

#[test]
fn an_unknown_log_is_not_found() {
    let other = SigningKey::from_seed("log.example/other", &[1; 32]).unwrap();
    let text = note_of(&numbered(5), 5).replacen(ORIGIN, "log.example/other", 1);
    let note = other.sign(&text[..=text.find("\n\n").unwrap()]).unwrap();
    let answer = answer_with(None, 0, Vec::new(), &note);
    assert_eq!((answer.status(), &answer), (404, &Answer::UnknownOrigin("log.example/other".to_owned())));
}

#[test]
fn a_fork_is_refused_and_its_note_kept() {
    let same_size = answer_with(Some(80), 80, Vec::new(), &note_of(&forked(80, 60), 80));
    assert_eq!((same_size.status(), &same_size), (422, &Answer::Inconsistent(Inconsistent::Forked(80))));
    let padded = answer_with(Some(80), 80, vec![leaf_hash(b"")], &note_of(&forked(80, 60), 80));
    assert_eq!(padded, Answer::Inconsistent(Inconsistent::Forked(80)));
    let fork = forked(90, 60);
    let grown = answer_with(Some(80), 80, prove_consistency(&fork, 80, 90).unwrap(), &note_of(&fork, 90));
    assert_eq!(grown, Answer::Inconsistent(Inconsistent::Proof(ProofError::Root)));
    for answer in [same_size, grown] {
        let Answer::Inconsistent(why) = answer else { unreachable!() };
        assert!(why.is_evidence());
    }
}

#[test]
fn proofs_that_prove_nothing_are_refused() {
    let hash = leaf_hash(b"");
    let first = answer_with(None, 0, vec![hash], &note_of(&numbered(5), 5));
    assert_eq!((first.status(), &first), (422, &Answer::Inconsistent(Inconsistent::ProofOfNothing)));
    assert!(!Inconsistent::ProofOfNothing.is_evidence());
    let same = answer_with(Some(5), 5, vec![hash], &note_of(&numbered(5), 5));
    assert_eq!(same, Answer::Inconsistent(Inconsistent::Proof(ProofError::Length { found: 1 })));
    let none = answer_with(Some(5), 5, Vec::new(), &note_of(&numbered(9), 9));
    assert_eq!(none.status(), 422);
    let empty = answer_with(None, 0, Vec::new(), &note(0, hash));
    assert_eq!((empty.status(), empty), (422, Answer::Inconsistent(Inconsistent::EmptyRoot)));
}

#[test]
fn a_witness_without_a_clock_says_so() {
    let body = request(0, 5);
    let parsed = AddCheckpoint::parse(body.as_bytes()).unwrap();
    let answer = decide(None, &parsed, &[log_key().verifier().clone()], &witness_key(), 0);
    assert_eq!(answer.status(), 500);
}
