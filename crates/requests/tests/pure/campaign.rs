//! Random processes, random directories, random sequences of events; what must stay true is judged by a ledger of
//! its own that only sees events and effects.
//!
//! The suite tries a few thousand sequences; `COUNTERSIGN_SEQUENCES=1000000 cargo nextest run -p requests --release
//! campaign` is the campaign.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use requests::Process;
use requests::engine::{
    Asked, Effect, Event, FactQuery, Facts, Outcome, Phase, Reason, SeatState, State, TaskKey, Verdict, dry_run_needs,
    needs, rail, step,
};
use requests::form::Values;
use requests::process::{EndOutcome, Mode, SamePerson};
use serde_json::{Value as Json, json};
use tenancy::{PersonId, RevisionId};

use crate::conditions::cases;
use crate::support::{Answers, now, person, process};

/// Random choices in the order they are needed; past the end every choice is the first.
struct Tape<'a>(std::slice::Iter<'a, u32>);

impl Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        self.0.next().map_or(0, |n| *n as usize % bound.max(1))
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

const PEOPLE: usize = 7;
const GROUPS: [&str; 3] = ["x", "y", "z"];

fn random_document(tape: &mut Tape<'_>) -> Json {
    let count = 1 + tape.below(4);
    let mut stages = Vec::new();
    let mut routes = json!({ "start": [ { "to": "s0" } ] });
    if count > 1 {
        let when = json!({ "cmp": { "field": "count", "op": "gt", "value": tape.below(3) } });
        routes["start"] = json!([ { "when": when, "to": "s1" }, { "to": "s0" } ]);
    }
    for n in 0..count {
        let approvers = match tape.below(4) {
            0 => json!([ { "manager_of": "requester" } ]),
            1 => json!([ { "group": tape.pick(&GROUPS) }, { "group": tape.pick(&GROUPS) } ]),
            _ => json!([ { "group": tape.pick(&GROUPS) } ]),
        };
        let quorum = 1 + tape.below(4);
        let mut stage = json!({ "key": format!("s{n}"), "kind": "approval", "approvers": approvers,
            "fallback": { "group": tape.pick(&GROUPS) }, "reject": tape.pick(&["any", "majority"]),
            "mode": tape.pick(&[json!("any"), json!("all"), json!({ "quorum": quorum })]),
            "requester_may_decide": tape.below(4) == 0 });
        if let rule @ ("skip" | "other") = tape.pick(&["skip", "other", "again"]) {
            stage["same_person"] = json!(rule);
        }
        stages.push(stage);
        let next = if n + 1 < count { format!("s{}", n + 1) } else { "done".to_owned() };
        let group = tape.pick(&GROUPS);
        let who = tape.pick(&["@requester".to_owned(), format!("@decider:s{n}")]);
        let when = json!({ "cmp": { "field": who, "op": "member_of", "value": { "group": group } } });
        let far = if n + 2 < count { format!("s{}", n + 2) } else { "done".to_owned() };
        routes[format!("s{n}")] = json!([ { "on": "rejected", "to": "refused" },
            { "on": "approved", "when": when, "to": far }, { "on": "approved", "to": next } ]);
    }
    stages.push(json!({ "key": "done", "kind": "end", "outcome": "approved" }));
    stages.push(json!({ "key": "refused", "kind": "end", "outcome": "rejected" }));
    json!({ "schema": 1, "key": "random", "name": "Random", "stages": stages, "routes": routes,
        "resubmit": { "answer_without_edit": tape.pick(&["same_stage", "first_stage"]) },
        "form": { "sections": [ { "key": "a", "title": "A", "fields": [
            { "key": "count", "type": "integer", "label": "Count" } ] } ] } })
}

/// One request, its directory, and what was seen of it.
struct World {
    process: Process,
    people: BTreeMap<String, Vec<PersonId>>,
    values: Values,
    state: State,
    hash: u8,
    log: Vec<(String, String, Timestamp)>,
    ledger: Ledger,
}

/// Judged from events and effects alone.
#[derive(Default)]
struct Ledger {
    open: BTreeMap<TaskKey, (String, PersonId)>,
    /// Every task ever opened, or filled by a carried approval.
    ever: BTreeSet<TaskKey>,
    /// Decisions by task: who, what, under which hash, at which stage.
    decided: BTreeMap<TaskKey, (PersonId, Verdict, u8, String)>,
    carried: BTreeMap<TaskKey, TaskKey>,
    /// Seats of a round at its opening.
    seats: BTreeMap<u32, usize>,
}

impl World {
    fn new(tape: &mut Tape<'_>) -> Self {
        let process = process(&random_document(tape));
        let mut people = BTreeMap::new();
        for group in GROUPS {
            let members = (0..PEOPLE).filter(|_| tape.below(2) == 0).map(|n| person(n as u128)).collect();
            people.insert(format!("group:{group}"), members);
        }
        people.insert("manager".to_owned(), vec![person(tape.below(PEOPLE) as u128)]);
        let requester = person(tape.below(3) as u128);
        let values = Values::from_stored(process.form(), &json!({ "count": tape.below(4) }));
        let state = State::draft(requester);
        Self { process, people, values, state, hash: 0, log: Vec::new(), ledger: Ledger::default() }
    }

    fn random_event(&mut self, tape: &mut Tape<'_>) -> Event {
        let revision = RevisionId::from_uuid(uuid::Uuid::nil());
        let requester = self.state.requester;
        let anybody = person(tape.below(PEOPLE) as u128);
        let by = if tape.below(8) == 0 { anybody } else { requester };
        match tape.below(16) {
            0 => Event::Edited { by, revision, hash: [self.hash.wrapping_add(1); 32] },
            1 => Event::Answered { by },
            2 if tape.below(4) == 0 => Event::Withdrawn { by },
            3 if tape.below(4) == 0 => {
                Event::Cancelled { by: anybody, reason: tape.pick(&[Reason::Given, Reason::Absent]) }
            }
            4 => {
                for members in self.people.values_mut() {
                    members.retain(|member| *member != anybody);
                }
                Event::PersonLeft { person: anybody }
            }
            5 => {
                let group = format!("group:{}", tape.pick(&GROUPS));
                self.people.entry(group).or_default().push(anybody);
                Event::Retried { by: anybody }
            }
            6 => Event::Settled { task: TaskKey { round: self.state.round, seat: 0 } },
            _ if self.state.phase == Phase::Draft => Event::Submitted { by, revision, hash: [1; 32] },
            _ => {
                let open: Vec<_> = self.state.open_tasks().collect();
                let (mut task, mut who) = if open.is_empty() {
                    (TaskKey { round: self.state.round, seat: 0 }, anybody)
                } else {
                    tape.pick(&open)
                };
                match tape.below(12) {
                    0 => who = anybody,
                    1 => task = TaskKey { round: tape.below(4) as u32, seat: tape.below(4) as u16 },
                    _ => {}
                }
                let hash = if tape.below(12) == 0 { self.hash.wrapping_sub(1) } else { self.hash };
                let verdict = match tape.below(8) {
                    0 => Verdict::AskChanges,
                    1 | 2 => Verdict::Reject,
                    _ => Verdict::Approve,
                };
                let reason = if tape.below(8) == 0 { Reason::Absent } else { Reason::Given };
                Event::Decided { task, person: who, verdict, revision_hash: [hash; 32], reason }
            }
        }
    }

    fn turn(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let queries: Vec<FactQuery> = needs(&self.process, &self.state, event, now());
        let facts = Answers { people: &self.people, values: &self.values }.facts(&queries);
        let before = self.state.clone();
        let (after, effects) = match step(&self.process, &self.state, event, &facts, now()) {
            Ok(done) => done,
            Err(refusal) => {
                prop_assert!(!matches!(refusal.code(), "missing_fact" | "foreign_state"), "{refusal:?}");
                return Ok(());
            }
        };
        let all = Answers { people: &self.people, values: &self.values }.facts(&self.every_query());
        let informed = step(&self.process, &self.state, event, &all, now());
        prop_assert_eq!(&informed, &Ok((after.clone(), effects.clone())), "needs asked for too little");
        let text = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap();
        self.log.push((text(&|| serde_json::to_string(event)), text(&|| serde_json::to_string(&facts)), now()));
        self.state = after;
        self.judge_event(event, &before)?;
        self.judge_effects(&effects)?;
        self.judge_state()
    }

    /// All that could be asked about this world: a step with these answers must come out the same.
    fn every_query(&self) -> Vec<FactQuery> {
        let mut queries = dry_run_needs(&self.process, self.state.requester);
        for group in GROUPS {
            let asked =
                |n: usize| FactQuery::Member { asked: Asked::Person(person(n as u128)), group: group.to_owned() };
            queries.extend((0..PEOPLE).map(asked));
        }
        queries
    }

    fn judge_event(&mut self, event: &Event, before: &State) -> Result<(), TestCaseError> {
        match event {
            Event::Submitted { hash, .. } | Event::Edited { hash, .. } => {
                self.hash = hash[0];
                prop_assert!(self.state.path.iter().all(|passed| passed.approvals.is_empty()));
            }
            Event::Decided { task, person, verdict, revision_hash, reason } => {
                let Some((stage, asked)) = self.ledger.open.get(task).cloned() else {
                    return Err(TestCaseError::fail("decided at a task that was not open"));
                };
                prop_assert_eq!(asked, *person);
                prop_assert_eq!(revision_hash[0], self.hash);
                prop_assert!(*verdict == Verdict::Approve || *reason == Reason::Given);
                let approval = self.process.approval(&stage).unwrap();
                prop_assert!(approval.requester_may_decide || *person != self.state.requester);
                if approval.same_person == Some(SamePerson::Other) {
                    let earlier = before.path.iter().flat_map(|passed| &passed.approvals);
                    prop_assert!(earlier.into_iter().all(|approved| approved.person != *person));
                }
                self.ledger.decided.insert(*task, (*person, *verdict, self.hash, stage));
            }
            _ => {}
        }
        Ok(())
    }

    fn judge_effects(&mut self, effects: &[Effect]) -> Result<(), TestCaseError> {
        let mut opened: BTreeSet<u32> = BTreeSet::new();
        for effect in effects {
            match effect {
                Effect::OpenTask { task, stage, person } => {
                    prop_assert!(self.ledger.ever.insert(*task), "opened twice");
                    self.ledger.open.insert(*task, (stage.clone(), *person));
                    let approval = self.process.approval(stage).unwrap();
                    prop_assert!(approval.requester_may_decide || *person != self.state.requester);
                    if !self.ledger.seats.contains_key(&task.round) || opened.contains(&task.round) {
                        opened.insert(task.round);
                        *self.ledger.seats.entry(task.round).or_default() += 1;
                    }
                }
                Effect::CarryDecision { task, from, person, .. } => {
                    prop_assert!(self.ledger.ever.insert(*task), "filled twice");
                    let (who, verdict, hash, _) = self.ledger.decided.get(from).unwrap();
                    prop_assert_eq!((*who, *verdict, *hash), (*person, Verdict::Approve, self.hash));
                    self.ledger.carried.insert(*task, *from);
                    opened.insert(task.round);
                    *self.ledger.seats.entry(task.round).or_default() += 1;
                }
                Effect::CloseTask { task, .. } => {
                    prop_assert!(self.ledger.open.remove(task).is_some(), "closed what was not open");
                }
                Effect::VoidDecision { .. } | Effect::Notify { .. } => {}
            }
        }
        Ok(())
    }

    fn judge_state(&self) -> Result<(), TestCaseError> {
        let tasks: BTreeMap<_, _> = self.state.open_tasks().collect();
        let expected: BTreeMap<_, _> = self.ledger.open.iter().map(|(task, (_, who))| (*task, *who)).collect();
        prop_assert_eq!(&tasks, &expected);
        prop_assert_eq!(matches!(self.state.phase, Phase::Open { .. }), !tasks.is_empty());
        for approved in self.state.approvals() {
            let (who, verdict, hash, _) = self.ledger.decided.get(&approved.task).unwrap();
            prop_assert_eq!((*who, *verdict, *hash), (approved.person, Verdict::Approve, self.hash));
        }
        for passed in self.state.path.iter().filter(|passed| passed.outcome == EndOutcome::Approved) {
            let people: BTreeSet<_> = passed.approvals.iter().map(|approved| approved.person).collect();
            let needed = match self.process.approval(&passed.stage).unwrap().mode {
                Mode::Any => 1,
                Mode::Quorum(quorum) => usize::from(quorum),
                Mode::All => self.ledger.seats.get(&passed.round).copied().unwrap_or(usize::MAX),
            };
            prop_assert!(people.len() >= needed, "{} of {} at {}", people.len(), needed, passed.stage);
        }
        if self.state.phase == (Phase::Ended { outcome: Outcome::Approved }) {
            let last = self.state.path.last().map(|passed| (passed.outcome, passed.approvals.is_empty()));
            prop_assert_eq!(last, Some((EndOutcome::Approved, false)));
        }
        let unsettled = self.state.seats.iter().any(|seat| matches!(seat.state, SeatState::Given { .. }));
        prop_assert!(!unsettled, "a decision did not settle at 0 s");
        prop_assert_eq!(rail(&self.process, &self.state).len(), self.process.stages().len() - 2);
        Ok(())
    }

    fn judge_replay(&self) -> Result<(), TestCaseError> {
        let mut state = State::draft(self.state.requester);
        for (event, facts, at) in &self.log {
            let event: Event = serde_json::from_str(event).unwrap();
            let facts: Facts = serde_json::from_str(facts).unwrap();
            let stored = serde_json::to_string(&state).unwrap();
            let read: State = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(&read, &state);
            prop_assert!(stored.len() < 16 * 1024, "the state grew to {} bytes", stored.len());
            state = step(&self.process, &read, &event, &facts, *at).unwrap().0;
        }
        prop_assert_eq!(&state, &self.state);
        Ok(())
    }
}

#[test]
fn campaign_of_random_sequences() {
    let config = Config { cases: cases(3_000), failure_persistence: None, ..Config::default() };
    let tape = prop::collection::vec(any::<u32>(), 40..400);
    let ended = std::cell::Cell::new(0_u32);
    TestRunner::new(config)
        .run(&tape, |choices| {
            let mut tape = Tape(choices.iter());
            let mut world = World::new(&mut tape);
            while !tape.0.as_slice().is_empty() {
                let event = world.random_event(&mut tape);
                world.turn(&event)?;
            }
            if matches!(world.state.phase, Phase::Ended { outcome: Outcome::Approved }) {
                ended.set(ended.get() + 1);
            }
            world.judge_replay()
        })
        .unwrap();
    assert!(ended.get() > 0, "no sequence came to an approval: the campaign tests nothing");
}
