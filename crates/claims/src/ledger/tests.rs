//! The ledger as a whole.

use crate::registry::{Framework, Group, Half, Kind, Layer, Room, Status, claim, claims, claims_of};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The source pages and how many sentences each has.
const PAGES: [(&str, usize); 5] = [("PIQ", 71), ("PLN", 30), ("PLX", 46), ("EMH", 37), ("PSA", 26)];

#[test]
fn every_sentence_of_the_five_pages_is_present_exactly_once() {
    let expected: Vec<String> =
        PAGES.iter().flat_map(|(page, rows)| (1..=*rows).map(move |n| format!("{page}-{n:02}"))).collect();
    let ids: Vec<&str> = claims().iter().map(|row| row.id).collect();
    assert_eq!(ids, expected, "210 ids, once each, in the order of the pages");
    let covered: Vec<&str> = claims().iter().flat_map(|row| row.source.iter().copied()).collect();
    assert_eq!(covered, expected, "each row of the ledger is in the source of one claim");
    assert!(claim("PLX-08").is_some() && claim("PLX-47").is_none());
}

#[test]
fn kinds_are_counted_as_in_the_ledger() {
    let count = |kind| claims().iter().filter(|row| row.kind == kind).count();
    let counted: Vec<usize> = [Kind::S, Kind::D, Kind::O, Kind::SD, Kind::SO].map(count).to_vec();
    assert_eq!(counted, KINDS);
}

/// S, D, O, S+D, S+O.
const KINDS: [usize; 5] = [138, 19, 25, 17, 11];

#[test]
fn claims_that_await_their_room_only_become_fewer() {
    let allowed: usize = include_str!("../../awaits.count").trim().parse().expect("awaits.count holds one number");
    let awaits = claims().iter().filter(|row| !row.status.is_live()).count();
    assert!(awaits <= allowed, "{awaits} claims await their room, {allowed} may: a live claim was taken back");
    assert_eq!(awaits, allowed, "claims went live: lower the number in crates/claims/awaits.count");
}

#[test]
fn sentences_are_whole_and_unlike_each_other() {
    let sentences: BTreeSet<&str> = claims().iter().map(|row| row.sentence).collect();
    assert_eq!(sentences.len(), claims().len());
    for row in claims() {
        assert!(row.sentence.ends_with('.') && row.sentence.len() <= 200, "{}: {}", row.id, row.sentence);
        if let Status::Awaits(_, reason) = row.status {
            assert!(!reason.ends_with('.') && reason.len() >= 20, "{}: {reason}", row.id);
        }
    }
}

#[test]
fn mappings_have_the_form_of_their_framework() {
    for row in claims() {
        for (framework, at) in row.maps {
            assert!(Framework::ALL.contains(framework));
            let good = match framework {
                Framework::Asvs => at.split('.').count() == 3 && at.split('.').all(|part| part.parse::<u8>().is_ok()),
                Framework::Iso27001 => {
                    let mut parts = at.strip_prefix("A.").unwrap_or_default().splitn(2, '.');
                    let theme: u8 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
                    let last = match theme {
                        5 => 37,
                        6 => 8,
                        7 => 14,
                        8 => 34,
                        _ => 0,
                    };
                    parts.next().and_then(|part| part.parse::<u8>().ok()).is_some_and(|n| n >= 1 && n <= last)
                }
                Framework::Soc2 => ["CC", "A1.", "C1.", "P"].iter().any(|start| at.starts_with(start)),
                Framework::Mvsp | Framework::Caiq => !at.is_empty(),
            };
            assert!(good, "{}: {} {at}", row.id, framework.word());
        }
    }
}

#[test]
fn two_kinds_show_two_halves_and_the_others_one() {
    for row in claims() {
        let halves: Vec<Half> = row.halves().collect();
        match row.kind {
            Kind::SD | Kind::SO => {
                assert!(matches!(halves[..], [Half::Software(_), Half::Statement(_)]), "{}", row.id);
            }
            Kind::S => assert!(matches!(halves[..], [Half::Software(_)]), "{}", row.id),
            Kind::D | Kind::O => assert!(matches!(halves[..], [Half::Statement(_)]), "{}", row.id),
        }
    }
}

#[test]
fn what_is_honestly_not_proven_names_its_room() {
    let rooms = [
        ("PIQ-18", Room::Seal),
        ("PIQ-06", Room::Claims),
        ("PIQ-31", Room::Identity),
        ("PIQ-34", Room::Identity),
        ("PIQ-42", Room::Requests),
        ("PLX-07", Room::Custody),
        ("PLX-18", Room::Tenancy),
    ];
    for (id, room) in rooms {
        let row = claim(id).expect("the row exists");
        assert!(matches!(row.status, Status::Awaits(at, _) if at == room), "{id}");
    }
    assert!(claim("PIQ-04").is_some_and(|row| row.status.is_live() && row.register.is_some()));
}

#[test]
fn isolation_and_sealing_are_held_by_two_layers_at_least() {
    for group in [Group::Isolation, Group::Encryption] {
        let layers: BTreeSet<Layer> = claims_of(group).flat_map(|row| row.layers.iter().copied()).collect();
        assert!(layers.len() >= 2, "{}: {layers:?}", group.word());
    }
}

/// What enforces a claim is `crate::Item`, `file: text in it`, or `crate: words` for what is no single item.
#[test]
fn what_enforces_a_claim_is_really_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for row in claims().iter().filter(|row| row.status.is_live()) {
        for place in row.enforced_by {
            let found = if let Some((file, text)) = place.split_once(": ").filter(|(head, _)| head.contains('.')) {
                fs::read_to_string(root.join(file)).is_ok_and(|content| content.contains(text))
            } else if let Some((room, item)) = place.split_once("::") {
                mentions(&root.join("crates").join(room).join("src"), item)
            } else {
                place.split_once(": ").is_some_and(|(room, _)| root.join("crates").join(room).is_dir())
            };
            assert!(found, "{}: {place}", row.id);
        }
    }
}

/// Whether a Rust file under `folder` holds `item` as a word.
fn mentions(folder: &Path, item: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return mentions(&path, item);
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let content = if is_rust { fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        content.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == item)
    })
}
