//! The truth table of states.

use super::*;
use crate::registry::{Kind, claim};

const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);

fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

fn run(check: CheckId, ended: Ended, age_s: u64) -> LastRun {
    let at = ago(age_s);
    let last_pass_at = (ended == Ended::Pass).then_some(at);
    LastRun { check, ended, finished_at: at, since: at, last_pass_at }
}

fn unfinished() -> Ended {
    Ended::NotProven(Reason::new("the probe ran out of time"))
}

fn all_pass(age_s: u64) -> Vec<LastRun> {
    CheckId::ALL.iter().map(|id| run(*id, Ended::Pass, age_s)).collect()
}

#[test]
fn a_check_is_proven_up_to_its_age_and_not_a_second_longer() {
    let row = CheckId::RowSecurity.row();
    let max = row.max_age.as_secs();
    let state = |age_s| check_state(row, Some(&run(row.id, Ended::Pass, age_s)), NOW);
    assert_eq!(state(0), State::Proven { age: Duration::ZERO });
    assert_eq!(state(max), State::Proven { age: row.max_age });
    assert_eq!(state(max + 1).code(), "not_proven");
}

#[test]
fn never_run_unfinished_and_future_runs_prove_nothing() {
    let row = CheckId::Hsts.row();
    assert_eq!(check_state(row, None, NOW).code(), "not_proven");
    let State::NotProven { reason } = check_state(row, Some(&run(row.id, unfinished(), 1)), NOW) else {
        panic!("an unfinished run is not proven")
    };
    assert_eq!(reason, "the probe ran out of time");
    let mut ahead = run(row.id, Ended::Pass, 0);
    ahead.finished_at = NOW + AHEAD_MAX;
    assert_eq!(check_state(row, Some(&ahead), NOW).code(), "proven");
    ahead.finished_at = NOW + AHEAD_MAX + SignedDuration::from_secs(1);
    assert_eq!(check_state(row, Some(&ahead), NOW).code(), "not_proven");
}

#[test]
fn a_failure_shows_at_once_and_stays_however_old_it_is() {
    let row = CheckId::Hsts.row();
    for age_s in [0, 1, 1_000_000] {
        let state = check_state(row, Some(&run(row.id, Ended::Fail, age_s)), NOW);
        assert_eq!(state, State::Failing { since: ago(age_s) });
    }
}

#[test]
fn a_claim_is_as_good_as_its_worst_check() {
    let row = claim("PLX-08").expect("the row exists");
    let outcomes = [("proven", Ended::Pass), ("failing", Ended::Fail), ("not_proven", unfinished())];
    let rank = |code: &str| ["proven", "not_proven", "failing"].iter().position(|word| *word == code);
    for (first, a) in &outcomes {
        for (second, b) in &outcomes {
            let runs = [run(CheckId::RowSecurity, a.clone(), 3), run(CheckId::UnsetSetting, b.clone(), 5)];
            let state = claim_state(row, &runs, NOW);
            let worst = if rank(first) >= rank(second) { first } else { second };
            assert_eq!(state.code(), *worst, "{first} and {second}");
        }
    }
    let runs = [run(CheckId::RowSecurity, Ended::Pass, 3), run(CheckId::UnsetSetting, Ended::Pass, 5)];
    assert_eq!(claim_state(row, &runs, NOW), State::Proven { age: Duration::from_secs(5) }, "the older proof counts");
    assert_eq!(claim_state(row, &runs[..1], NOW).code(), "not_proven", "a check without a run is not proven");
}

#[test]
fn only_the_newest_run_of_a_check_is_heard() {
    let row = claim("PIQ-03").expect("the row exists");
    let runs = [run(CheckId::TlsSuites, Ended::Fail, 50), run(CheckId::TlsSuites, Ended::Pass, 2)];
    assert_eq!(claim_state(row, &runs, NOW).code(), "proven");
}

#[test]
fn with_every_check_passed_exactly_the_live_claims_of_software_are_proven() {
    let standing = Standing::at(all_pass(1), NOW);
    for (row, state) in standing.claims() {
        let provable = row.status.is_live() && row.kind == Kind::S;
        assert_eq!(state.code(), if provable { "proven" } else { "not_proven" }, "{}", row.id);
    }
    assert_eq!(standing.counts().proven, 29);
    assert_eq!(standing.counts().total(), 210);
    assert_eq!(standing.counts().exit_code(), 0);
}

#[test]
fn chapters_add_up_to_the_whole() {
    let standing = Standing::at(all_pass(1), NOW);
    let (mut proven, mut total) = (0, 0);
    for group in Group::ALL {
        let counts = standing.counts_of(*group);
        assert!(counts.total() > 0, "{} is empty", group.word());
        proven += counts.proven;
        total += counts.total();
    }
    assert_eq!((proven, total), (29, 210));
    let counts = Counts { proven: 9, failing: 0, not_proven: 3 };
    assert_eq!(counts.short_answer(), "9 of 12 proven, nothing failing.");
    assert_eq!(Counts { failing: 2, ..counts }.short_answer(), "9 of 14 proven, 2 failing.");
}

#[test]
fn an_awaiting_claim_says_its_reason_whatever_ran() {
    let row = claim("PIQ-18").expect("the row exists");
    let Status::Awaits(_, words) = row.status else { panic!("it awaits its room") };
    assert_eq!(claim_state(row, &all_pass(1), NOW), State::NotProven { reason: words.to_owned() });
}

#[test]
fn a_claim_of_two_halves_needs_both_and_fails_with_either() {
    let standing = Standing::at(all_pass(1), NOW);
    let row = claim("PIQ-04").expect("the row exists");
    let halves: Vec<&str> = standing.halves(row).map(|(_, state)| state.code()).collect();
    assert_eq!(halves, ["proven", "not_proven"]);
    assert!(matches!(claim_state(row, &all_pass(1), NOW),
        State::NotProven { reason } if reason.contains("deployment facts")));
    let runs = [run(CheckId::SealedColumns, Ended::Fail, 1)];
    assert_eq!(claim_state(row, &runs, NOW).code(), "failing", "an unstated half does not hide a failure");
}

#[test]
fn the_exit_code_is_zero_exactly_when_nothing_fails() {
    assert_eq!(Standing::at(Vec::new(), NOW).counts().exit_code(), 0);
    let mut runs = all_pass(1);
    runs[0].ended = Ended::Fail;
    let standing = Standing::at(runs, NOW);
    assert!(standing.counts().failing > 0);
    assert_eq!(standing.counts().exit_code(), 1);
}

#[test]
fn the_document_says_the_same_as_the_states() {
    let mut runs = all_pass(7);
    runs[CheckId::Hsts as usize] = LastRun {
        check: CheckId::Hsts,
        ended: Ended::Fail,
        finished_at: ago(3),
        since: ago(63),
        last_pass_at: Some(ago(123)),
    };
    let standing = Standing::at(runs, NOW);
    let document = standing.status_json();
    let rows = document["claims"].as_array().expect("a list");
    assert_eq!(rows.len(), 210);
    for (value, (row, state)) in rows.iter().zip(standing.claims()) {
        assert_eq!(value["id"], row.id);
        assert_eq!(value["state"], state.code());
        assert_eq!(value["reason"].is_null(), state.code() == "proven", "{}", row.id);
    }
    let of = |id: &str| rows.iter().find(|value| value["id"] == id).expect("the row exists");
    assert_eq!(of("EMH-18")["state"], "failing");
    assert_eq!(of("EMH-18")["age_s"], 123, "the age of the last proof stays visible");
    assert_eq!(of("EMH-18")["checks"][0]["id"], "hsts");
    assert_eq!(of("PIQ-03")["age_s"], 7);
    assert_eq!(of("PIQ-18")["age_s"], Value::Null);
    assert_eq!(of("PIQ-18")["awaits"], "seal");
    assert_eq!(of("PIQ-04")["halves"].as_array().map(Vec::len), Some(2));
    let counts = &document["counts"];
    assert_eq!((counts["claims"].as_u64(), counts["failing"].as_u64()), (Some(210), Some(2)));
}

#[test]
fn short_answers_are_made_from_the_state() {
    let answer = |state: State| state.short_answer();
    assert_eq!(answer(State::Proven { age: Duration::from_secs(119) }), "Proven 119 s ago.");
    assert_eq!(answer(State::Proven { age: Duration::from_secs(120) }), "Proven 2 min ago.");
    assert_eq!(answer(State::Proven { age: Duration::from_secs(7_200) }), "Proven 2 h ago.");
    assert_eq!(answer(State::Proven { age: Duration::from_secs(172_800) }), "Proven 2 days ago.");
    assert_eq!(answer(State::NotProven { reason: "it waits".to_owned() }), "Not proven: it waits.");
    assert!(answer(State::Failing { since: NOW }).starts_with("Failing since 2026-"));
}
