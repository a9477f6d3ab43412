//! The engine's rules one by one, on the sample processes and the small document.

use std::collections::BTreeMap;

use requests::Process;
use requests::engine::{
    CloseHow, Effect, Event, Outcome, Phase, RailStatus, Reason, Refusal, SeatState, State, StuckReason, TaskKey,
    Verdict, dry_run, dry_run_needs, find_task, needs, rail, rail_ahead, state_word, step, task_id,
};
use requests::form::Values;
use serde_json::{Value as Json, json};
use tenancy::{PersonId, RequestId, RevisionId};

use crate::support::{Answers, document, now, person, process};

/// One request and its world.
pub(crate) struct Desk {
    process: Process,
    people: BTreeMap<String, Vec<PersonId>>,
    values: Values,
    pub(crate) state: State,
    revisions: u8,
}

const REQUESTER: u128 = 1;

impl Desk {
    fn new(document: &Json, people: &[(&str, &[u128])], values: &Json) -> Self {
        let process = process(document);
        let people =
            people.iter().map(|(key, who)| ((*key).to_owned(), who.iter().map(|n| person(*n)).collect())).collect();
        let values = Values::from_stored(process.form(), values);
        Self { process, people, values, state: State::draft(person(REQUESTER)), revisions: 0 }
    }

    fn send(&mut self, event: &Event) -> Result<Vec<Effect>, Refusal> {
        let queries = needs(&self.process, &self.state, event, now());
        let facts = Answers { people: &self.people, values: &self.values }.facts(&queries);
        let (state, effects) = step(&self.process, &self.state, event, &facts, now())?;
        self.state = state;
        Ok(effects)
    }

    fn submit(&mut self) -> Vec<Effect> {
        self.revisions += 1;
        let (by, revision) = (person(REQUESTER), RevisionId::from_uuid(uuid::Uuid::nil()));
        self.send(&Event::Submitted { by, revision, hash: [self.revisions; 32] }).unwrap()
    }

    fn edit(&mut self) -> Result<Vec<Effect>, Refusal> {
        self.revisions += 1;
        let (by, revision) = (person(REQUESTER), RevisionId::from_uuid(uuid::Uuid::nil()));
        self.send(&Event::Edited { by, revision, hash: [self.revisions; 32] })
    }

    fn task_of(&self, who: u128) -> TaskKey {
        let mine = self.state.open_tasks().find(|(_, asked)| *asked == person(who));
        mine.unwrap_or_else(|| panic!("{who} has no task in {:?}", self.state)).0
    }

    fn decide(&mut self, who: u128, verdict: Verdict) -> Result<Vec<Effect>, Refusal> {
        let task = self.task_of(who);
        let revision_hash = [self.revisions; 32];
        self.send(&Event::Decided { task, person: person(who), verdict, revision_hash, reason: Reason::Given })
    }

    fn open_at(&self) -> Option<&str> {
        match &self.state.phase {
            Phase::Open { stage } => Some(stage),
            _ => None,
        }
    }
}

const TOWN: &[(&str, &[u128])] =
    &[("group:purchasing", &[2, 3]), ("group:finance", &[4, 5, 6]), ("role:owner", &[9]), ("manager", &[2])];

fn large() -> Json {
    json!({ "title": "Server", "total": { "amount": "100.00", "currency": "EUR" } })
}

fn desk() -> Desk {
    Desk::new(&document(), TOWN, &large())
}

#[test]
fn any_then_quorum_then_done() {
    let mut desk = desk();
    let effects = desk.submit();
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::OpenTask { .. })).count(), 2);
    let effects = desk.decide(3, Verdict::Approve).unwrap();
    let superseded = |effect: &Effect| matches!(effect, Effect::CloseTask { how: CloseHow::Superseded, .. });
    assert_eq!(effects.iter().filter(|effect| superseded(effect)).count(), 1);
    assert_eq!(desk.open_at(), Some("finance"));
    desk.decide(4, Verdict::Approve).unwrap();
    assert_eq!(desk.open_at(), Some("finance"));
    desk.decide(6, Verdict::Approve).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Approved });
    assert_eq!(state_word(&desk.state).word, "approved");
}

#[test]
fn a_rejection_is_rejected_everywhere() {
    let mut desk = desk();
    desk.submit();
    desk.decide(2, Verdict::Reject).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Rejected });
    assert_eq!(state_word(&desk.state).word, "rejected");
    assert_eq!(desk.edit().unwrap_err().code(), "wrong_state");
}

#[test]
fn refusals_are_typed() {
    let mut desk = desk();
    let other = Event::Submitted { by: person(2), revision: RevisionId::from_uuid(uuid::Uuid::nil()), hash: [1; 32] };
    assert_eq!(desk.send(&other).unwrap_err(), Refusal::NotRequester);
    desk.submit();
    let task = desk.task_of(2);
    let event = |who, verdict, hash, reason, task| Event::Decided {
        task,
        person: person(who),
        verdict,
        revision_hash: [hash; 32],
        reason,
    };
    let missing = TaskKey { round: 1, seat: 7 };
    let table = [
        (event(2, Verdict::Approve, 9, Reason::Absent, task), "stale_revision"),
        (event(3, Verdict::Approve, 1, Reason::Absent, task), "not_your_task"),
        (event(1, Verdict::Approve, 1, Reason::Absent, task), "not_your_task"),
        (event(2, Verdict::Approve, 1, Reason::Absent, missing), "task_closed"),
        (event(2, Verdict::Reject, 1, Reason::Absent, task), "reason_required"),
        (event(2, Verdict::AskChanges, 1, Reason::Absent, task), "reason_required"),
        (Event::Settled { task }, "task_closed"),
        (Event::Answered { by: person(1) }, "wrong_state"),
        (Event::Retried { by: person(9) }, "wrong_state"),
        (Event::Withdrawn { by: person(2) }, "not_requester"),
        (Event::Cancelled { by: person(9), reason: Reason::Absent }, "reason_required"),
        (
            Event::Edited { by: person(1), revision: RevisionId::from_uuid(uuid::Uuid::nil()), hash: [1; 32] },
            "same_revision",
        ),
    ];
    for (event, code) in table {
        assert_eq!(desk.send(&event).unwrap_err().code(), code, "{event:?}");
    }
    let approve = event(2, Verdict::Approve, 1, Reason::Absent, task);
    let facts = requests::engine::Facts::default();
    let refused = step(&desk.process, &desk.state, &approve, &facts, now()).unwrap_err();
    assert_eq!(refused.code(), "missing_fact");
    desk.send(&approve).unwrap();
    assert_eq!(desk.send(&approve).unwrap_err().code(), "task_closed");
}

#[test]
fn an_edit_voids_given_and_open_decisions_and_starts_again() {
    let mut desk = desk();
    desk.submit();
    desk.decide(2, Verdict::Approve).unwrap();
    desk.decide(4, Verdict::Approve).unwrap();
    let effects = desk.edit().unwrap();
    let voided = |effect: &&Effect| matches!(effect, Effect::VoidDecision { .. });
    assert_eq!(effects.iter().filter(voided).count(), 2);
    let closed = |effect: &&Effect| matches!(effect, Effect::CloseTask { how: CloseHow::Void, .. });
    assert_eq!(effects.iter().filter(closed).count(), 2);
    assert_eq!(desk.open_at(), Some("first"));
    assert_eq!(desk.state.approvals().count(), 0);
    assert_eq!(desk.state.revision.unwrap().number, 2);
}

#[test]
fn restarts_end_at_fifty() {
    let mut desk = desk();
    desk.submit();
    for _ in 0..50 {
        desk.edit().unwrap();
    }
    assert_eq!(desk.edit().unwrap_err().code(), "bound_reached");
    desk.revisions = 51;
    assert_eq!(desk.decide(2, Verdict::AskChanges).unwrap_err().code(), "bound_reached");
    desk.decide(2, Verdict::Approve).unwrap();
}

#[test]
fn asking_for_changes_returns_and_an_answer_leads_back() {
    for (setting, back_at, passed) in [("same_stage", "finance", 1), ("first_stage", "first", 0)] {
        let mut doc = document();
        doc["resubmit"] = json!({ "answer_without_edit": setting });
        let mut desk = Desk::new(&doc, TOWN, &large());
        desk.submit();
        desk.decide(2, Verdict::Approve).unwrap();
        desk.decide(4, Verdict::AskChanges).unwrap();
        assert_eq!(desk.state.phase, Phase::Returned { stage: "finance".to_owned() });
        assert_eq!(desk.state.open_tasks().count(), 0);
        desk.send(&Event::Answered { by: person(1) }).unwrap();
        assert_eq!(desk.open_at(), Some(back_at));
        assert_eq!(desk.state.path.len(), passed);
    }
}

#[test]
fn the_requester_is_never_asked_and_too_few_means_stuck() {
    let town: &[(&str, &[u128])] = &[("group:purchasing", &[1]), ("group:finance", &[4]), ("role:owner", &[1])];
    let mut desk = Desk::new(&document(), town, &large());
    desk.submit();
    assert_eq!(desk.state.phase, Phase::Stuck { stage: "first".to_owned(), why: StuckReason::Nobody });
    assert_eq!(desk.state.open_tasks().count(), 0);
    desk.people.insert("group:purchasing".to_owned(), vec![person(2)]);
    desk.send(&Event::Retried { by: person(9) }).unwrap();
    desk.decide(2, Verdict::Approve).unwrap();
    assert_eq!(desk.state.phase, Phase::Stuck { stage: "finance".to_owned(), why: StuckReason::TooFew });
    desk.people.insert("role:owner".to_owned(), vec![person(1), person(9)]);
    desk.send(&Event::Retried { by: person(9) }).unwrap();
    assert_eq!(desk.state.open_tasks().count(), 2);
    assert_eq!(desk.state.needed, 2);
}

#[test]
fn a_hundred_seats_are_the_most() {
    for (people, stuck) in [(100, false), (101, true)] {
        let crowd: Vec<u128> = (10..10 + people).collect();
        let town: &[(&str, &[u128])] = &[("group:purchasing", &crowd), ("group:finance", &[]), ("role:owner", &[9])];
        let mut desk = Desk::new(&document(), town, &json!({}));
        desk.submit();
        assert_eq!(matches!(desk.state.phase, Phase::Stuck { why: StuckReason::TooMany, .. }), stuck);
    }
}

#[test]
fn a_majority_is_more_than_half_or_no_way_left() {
    let mut doc = document();
    doc["stages"][0]["mode"] = json!("any");
    doc["stages"][0]["reject"] = json!("majority");
    let town: &[(&str, &[u128])] = &[("group:purchasing", &[2, 3, 4]), ("group:finance", &[5]), ("role:owner", &[9])];
    let mut desk = Desk::new(&doc, town, &json!({}));
    desk.submit();
    desk.decide(2, Verdict::Reject).unwrap();
    assert_eq!(desk.open_at(), Some("first"));
    desk.decide(3, Verdict::Reject).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Rejected });
    doc["stages"][0]["mode"] = json!("all");
    let mut desk = Desk::new(&doc, town, &json!({}));
    desk.submit();
    desk.decide(2, Verdict::Reject).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Rejected });
}

#[test]
fn the_same_person_is_spared_or_replaced() {
    let town: &[(&str, &[u128])] = &[("group:purchasing", &[4]), ("group:finance", &[4, 5]), ("role:owner", &[9])];
    let mut doc = document();
    doc["stages"][1]["same_person"] = json!("skip");
    let mut desk = Desk::new(&doc, town, &large());
    desk.submit();
    let effects = desk.decide(4, Verdict::Approve).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CarryDecision { .. })));
    assert_eq!(desk.state.open_tasks().map(|(_, who)| who).collect::<Vec<_>>(), [person(5)]);
    desk.decide(5, Verdict::Approve).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Approved });
    doc["stages"][1]["same_person"] = json!("other");
    let mut desk = Desk::new(&doc, town, &large());
    desk.submit();
    desk.decide(4, Verdict::Approve).unwrap();
    let asked: Vec<_> = desk.state.open_tasks().map(|(_, who)| who).collect();
    assert_eq!(asked, [person(5), person(9)]);
}

#[test]
fn a_departure_never_lowers_a_quorum() {
    let town: &[(&str, &[u128])] = &[("group:purchasing", &[2]), ("group:finance", &[4, 5]), ("role:owner", &[9])];
    let mut desk = Desk::new(&document(), town, &large());
    desk.submit();
    desk.decide(2, Verdict::Approve).unwrap();
    desk.people.insert("group:finance".to_owned(), vec![person(4)]);
    desk.send(&Event::PersonLeft { person: person(5) }).unwrap();
    let asked: Vec<_> = desk.state.open_tasks().map(|(_, who)| who).collect();
    assert_eq!(asked, [person(4), person(9)]);
    assert_eq!(desk.state.needed, 2);
    desk.people.insert("role:owner".to_owned(), vec![]);
    desk.send(&Event::PersonLeft { person: person(9) }).unwrap();
    assert!(matches!(desk.state.phase, Phase::Stuck { .. }));
    assert!(desk.state.seats.iter().all(|seat| seat.state == SeatState::Void));
}

#[test]
fn withdrawing_and_cancelling_close_the_tasks() {
    for event in [Event::Withdrawn { by: person(1) }, Event::Cancelled { by: person(9), reason: Reason::Given }] {
        let mut desk = desk();
        assert_eq!(desk.send(&event).unwrap_err().code(), "wrong_state");
        desk.submit();
        let effects = desk.send(&event).unwrap();
        let closed = |effect: &&Effect| matches!(effect, Effect::CloseTask { how: CloseHow::Void, .. });
        assert_eq!(effects.iter().filter(closed).count(), 2);
        assert_eq!(desk.state.open_tasks().count(), 0);
        assert!(desk.send(&event).is_err());
    }
}

#[test]
fn task_ids_are_stable_and_found_again() {
    let mut desk = desk();
    desk.submit();
    let request = RequestId::from_uuid(uuid::Uuid::from_u128(5));
    let task = desk.task_of(3);
    let id = task_id(request, task);
    assert_eq!(id, task_id(request, task));
    assert_eq!(id.uuid().get_version_num(), 8);
    assert_eq!(find_task(&desk.state, request, id), Some(task));
    let elsewhere = RequestId::from_uuid(uuid::Uuid::from_u128(6));
    assert_eq!(find_task(&desk.state, elsewhere, id), None);
    assert_ne!(task_id(elsewhere, task), id);
}

#[test]
fn the_rail_and_the_dry_run_tell_the_way() {
    let mut desk = desk();
    let queries = dry_run_needs(&desk.process, person(1));
    let facts = Answers { people: &desk.people, values: &desk.values }.facts(&queries);
    let way = dry_run(&desk.process, person(1), &desk.values, &facts, now());
    let told: Vec<_> = way.iter().map(|stage| (stage.key.as_str(), stage.approvers.len(), stage.needed)).collect();
    assert_eq!(told, [("first", 2, 1), ("finance", 3, 2)]);
    let statuses = |desk: &Desk| rail(&desk.process, &desk.state).iter().map(|stage| stage.status).collect::<Vec<_>>();
    assert_eq!(statuses(&desk), [RailStatus::Next, RailStatus::Next]);
    desk.submit();
    assert_eq!(statuses(&desk), [RailStatus::Current, RailStatus::Next]);
    let ahead = rail_ahead(&desk.process, &desk.state, &way[..1]);
    assert_eq!(ahead[1].status, RailStatus::Skipped);
    desk.decide(2, Verdict::Approve).unwrap();
    assert_eq!(statuses(&desk), [RailStatus::Done, RailStatus::Current]);
    desk.decide(4, Verdict::Reject).unwrap();
    assert_eq!(statuses(&desk), [RailStatus::Done, RailStatus::Done]);
}

#[test]
fn the_sample_travel_permit_follows_the_boxes_ticked() {
    let doc: Json = serde_json::from_str(include_str!("../../samples/travel.json")).unwrap();
    let town: &[(&str, &[u128])] = &[
        ("group:pre-approvers", &[11]),
        ("group:administration", &[12]),
        ("group:budget owners", &[13]),
        ("group:supervisors", &[14]),
        ("group:directors", &[15]),
        ("role:owner", &[9]),
    ];
    let boxes = json!({ "administration": true, "supervisor": true, "director": true });
    let mut desk = Desk::new(&doc, town, &boxes);
    desk.submit();
    desk.decide(12, Verdict::Approve).unwrap();
    desk.decide(14, Verdict::AskChanges).unwrap();
    desk.values = Values::from_stored(desk.process.form(), &json!({ "budget_owner": true }));
    desk.edit().unwrap();
    desk.decide(13, Verdict::Approve).unwrap();
    desk.decide(14, Verdict::Approve).unwrap();
    assert_eq!(desk.state.phase, Phase::Ended { outcome: Outcome::Approved });
}
