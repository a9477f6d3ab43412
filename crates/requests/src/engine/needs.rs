//! Which facts an event may depend on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenancy::PersonId;

use super::{Asked, Event, FactQuery, Phase, SeatState, State, Verdict};
use crate::condition::Op;
use crate::process::{AnswerWithoutEdit, Approval, Process, START, SamePerson};

/// The questions whose answers [`step`](super::step) may use, each once and in a stable order.
///
/// It asks for what the next opening of a stage can read: its approvers, its fallback, and what the conditions on
/// the way there read. It looks further only past stages that earlier approvals could decide at once
/// (`same_person: skip`). `now` decides nothing yet; calendars will.
#[must_use]
pub fn needs(process: &Process, state: &State, event: &Event, _now: Timestamp) -> Vec<FactQuery> {
    let mut asked = Questions::new(process, state, event);
    match (event, &state.phase) {
        (Event::Submitted { .. }, Phase::Draft)
        | (Event::Edited { .. }, Phase::Open { .. } | Phase::Returned { .. } | Phase::Stuck { .. }) => {
            asked.ways_out_of(START);
        }
        (Event::Answered { .. }, Phase::Returned { stage }) => match process.answer_without_edit() {
            AnswerWithoutEdit::FirstStage => asked.ways_out_of(START),
            AnswerWithoutEdit::SameStage => asked.opening_of(stage),
        },
        (Event::Retried { .. }, Phase::Stuck { stage, .. }) if stage == START => asked.ways_out_of(START),
        (Event::Retried { .. }, Phase::Stuck { stage, .. }) => asked.opening_of(stage),
        (
            Event::Decided { verdict: Verdict::Approve | Verdict::Reject, .. } | Event::Settled { .. },
            Phase::Open { stage },
        ) => {
            asked.ways_out_of(stage);
        }
        (Event::PersonLeft { person }, Phase::Open { stage }) => {
            let asked_here = |seat: &super::Seat| seat.person == *person && seat.state == SeatState::Open;
            if state.seats.iter().any(asked_here)
                && let Some(approval) = process.approval(stage)
            {
                asked.people_of(approval);
            }
        }
        _ => {}
    }
    asked.queries.into_iter().collect()
}

/// Questions gathered on the way through the process.
pub(super) struct Questions<'a> {
    process: &'a Process,
    requester: PersonId,
    /// Everybody who may count as having approved somewhere.
    deciders: BTreeSet<PersonId>,
    seen: BTreeSet<&'a str>,
    pub(super) queries: BTreeSet<FactQuery>,
}

impl<'a> Questions<'a> {
    fn new(process: &'a Process, state: &State, event: &Event) -> Self {
        let mut deciders = BTreeSet::new();
        if !matches!(event, Event::Submitted { .. } | Event::Edited { .. }) {
            deciders.extend(state.approvals().map(|approved| approved.person));
        }
        if let Event::Decided { person, .. } = event {
            deciders.insert(*person);
        }
        if let Event::Settled { .. } = event {
            deciders.extend(state.seats.iter().map(|seat| seat.person));
        }
        Self::about(process, state.requester, deciders)
    }

    pub(super) fn about(process: &'a Process, requester: PersonId, deciders: BTreeSet<PersonId>) -> Self {
        Self { process, requester, deciders, seen: BTreeSet::new(), queries: BTreeSet::new() }
    }

    /// What the routes out of a stage read, and what the stages they lead to need to open.
    fn ways_out_of(&mut self, stage: &str) {
        let mut open = vec![stage];
        let process = self.process;
        while let Some(from) = open.pop() {
            for route in process.routes(from) {
                self.routes_of(route);
                let Some(approval) = process.approval(&route.to) else { continue };
                if self.seen.insert(&route.to) {
                    self.people_of(approval);
                    if approval.same_person == Some(SamePerson::Skip) {
                        open.push(&route.to);
                    }
                }
            }
        }
    }

    /// What opening a stage needs, and what follows if earlier approvals decide it at once.
    fn opening_of(&mut self, stage: &str) {
        if let Some(approval) = self.process.approval(stage) {
            self.people_of(approval);
            if approval.same_person == Some(SamePerson::Skip) {
                self.ways_out_of(stage);
            }
        }
    }

    pub(super) fn everything(&mut self) {
        let process = self.process;
        for from in std::iter::once(START).chain(process.stages().iter().map(|stage| stage.key.as_str())) {
            for route in process.routes(from) {
                self.routes_of(route);
            }
            if let Some(approval) = process.approval(from) {
                self.people_of(approval);
            }
        }
    }

    fn people_of(&mut self, approval: &Approval) {
        for approver in approval.approvers.iter().chain(&approval.fallback) {
            self.queries.insert(FactQuery::of_approver(approver, self.requester));
        }
    }

    fn routes_of(&mut self, route: &crate::process::Route) {
        for comparison in route.when.iter().flat_map(|condition| condition.comparisons()) {
            if !comparison.field.starts_with('@') {
                self.queries.insert(FactQuery::Field(comparison.field.clone()));
            }
            let (Op::MemberOf, Some(group)) = (comparison.op, comparison.group()) else { continue };
            let group = group.to_owned();
            if comparison.field == "@requester" {
                let asked = Asked::Person(self.requester);
                self.queries.insert(FactQuery::Member { asked, group });
            } else if comparison.decider_stage().is_some() {
                let people = self.deciders.iter().map(|person| Asked::Person(*person));
                self.queries.extend(people.map(|asked| FactQuery::Member { asked, group: group.clone() }));
            } else {
                let asked = Asked::Field(comparison.field.clone());
                self.queries.insert(FactQuery::Member { asked, group });
            }
        }
    }
}
