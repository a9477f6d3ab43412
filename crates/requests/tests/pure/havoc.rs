//! Havoc: documents with parts replaced by something else are refused or work; nothing panics.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use requests::engine::{Event, Reason, State, Verdict, dry_run, dry_run_needs, needs, rail, step};
use requests::form::{FormContext, Values, validate};
use requests::{Process, publish_check};
use serde_json::{Value as Json, json};
use tenancy::RevisionId;

use crate::conditions::cases;
use crate::support::{Answers, TODAY, Town, document, now, person};

/// Every place of a document, as JSON Pointers.
fn places(value: &Json, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Json::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{n}"), out);
            }
        }
        Json::Object(members) => {
            for (key, item) in members {
                places(item, &format!("{at}/{key}"), out);
            }
        }
        _ => {}
    }
}

fn junk(number: usize, document: &Json, other: &str) -> Json {
    let table = [
        Json::Null,
        json!(true),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!("first"),
        json!("done"),
        json!("\u{0}"),
        json!("x".repeat(300)),
        json!([]),
        json!({}),
        json!({ "days_from_now": i64::MIN }),
        json!({ "days_from_submit": 36_600 }),
        json!({ "quorum": 65_535 }),
        json!({ "amount": "999999999999999999.9999999999", "currency": "JPY" }),
    ];
    table.get(number).cloned().or_else(|| document.pointer(other).cloned()).unwrap_or(Json::Null)
}

fn live(process: &Process, values: &Json) {
    let exists = |_| true;
    let cx = FormContext { today: TODAY, submitted_on: TODAY, person_exists: &exists };
    let values = validate(process.form(), values, &cx).unwrap_or_else(|_| Values::from_stored(process.form(), values));
    let people = ["group:purchasing", "group:finance", "role:owner"]
        .into_iter()
        .zip([vec![person(2), person(3)], vec![person(2), person(4)], vec![person(9)]])
        .map(|(key, who)| (key.to_owned(), who))
        .collect();
    let answers = Answers { people: &people, values: &values };
    let everything = answers.facts(&dry_run_needs(process, person(1)));
    assert!(dry_run(process, person(1), &values, &everything, now()).len() <= 50);
    let revision = RevisionId::from_uuid(uuid::Uuid::nil());
    let mut state = State::draft(person(1));
    let mut event = Event::Submitted { by: person(1), revision, hash: [1; 32] };
    for _ in 0..60 {
        let facts = answers.facts(&needs(process, &state, &event, now()));
        let Ok((next, _)) = step(process, &state, &event, &facts, now()) else { break };
        state = next;
        assert!(rail(process, &state).len() <= 50);
        let Some((task, person)) = state.open_tasks().next() else { break };
        event =
            Event::Decided { task, person, verdict: Verdict::Approve, revision_hash: [1; 32], reason: Reason::Absent };
    }
}

#[test]
fn documents_with_parts_replaced_are_refused_or_work() {
    let config = Config { cases: cases(3_000), failure_persistence: None, ..Config::default() };
    let change = (any::<prop::sample::Index>(), 0..24_usize, any::<prop::sample::Index>());
    let accepted = std::cell::Cell::new(0_u32);
    TestRunner::new(config)
        .run(&prop::collection::vec(change, 1..4), |changes| {
            let mut broken = document();
            for (place, kind, other) in changes {
                let mut all = Vec::new();
                places(&broken, "", &mut all);
                let new = junk(kind, &broken, &all[other.index(all.len())]);
                if let Some(part) = broken.pointer_mut(&all[place.index(all.len())]) {
                    *part = new;
                }
            }
            match Process::parse(broken.to_string().as_bytes()) {
                Err(problems) => {
                    prop_assert!(!problems.is_empty());
                    prop_assert!(problems.iter().all(|problem| !problem.message.is_empty()));
                }
                Ok(process) => {
                    if publish_check(&process, &Town).is_empty() {
                        accepted.set(accepted.get() + 1);
                    }
                    live(&process, &json!({ "title": "t", "total": { "amount": "100.00", "currency": "EUR" } }));
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(accepted.get() > 0);
}
