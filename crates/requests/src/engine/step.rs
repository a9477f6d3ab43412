//! One event: from a state to the next, or a refusal that changes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tenancy::{PersonId, RevisionId};

use super::resolve::{Asking, ask, extend, is_member, route};
use super::{
    Approved, CloseHow, Effect, Event, Facts, Notice, Outcome, Passed, Phase, RESTARTS_MAX, Reason, Recipient, Refusal,
    RevisionMark, SEATS_MAX, Seat, SeatState, State, StuckReason, TaskKey, Verdict, needs, state_word, tally,
};
use crate::condition::Scene;
use crate::process::{AnswerWithoutEdit, Approval, EndOutcome, Process, STAGES_MAX, START, SamePerson, StageKind};

/// Moves a request by one event.
///
/// `now` is the event's time, in UTC; days counted in conditions are days of UTC.
///
/// # Errors
/// A [`Refusal`]; the state given stays in force.
pub fn step(
    process: &Process,
    state: &State,
    event: &Event,
    facts: &Facts,
    now: Timestamp,
) -> Result<(State, Vec<Effect>), Refusal> {
    if state.version != 1 || state.stage().is_some_and(|stage| stage != START && process.stage(stage).is_none()) {
        return Err(Refusal::ForeignState);
    }
    if let Some(query) = needs(process, state, event, now).into_iter().find(|query| !facts.answers(query)) {
        return Err(Refusal::MissingFact { key: query.key() });
    }
    let mut run = Run { process, facts, now, state: state.clone(), effects: Vec::new() };
    match event {
        Event::Submitted { by, revision, hash } => run.submitted(*by, *revision, *hash),
        Event::Edited { by, revision, hash } => run.edited(*by, *revision, *hash),
        Event::Answered { by } => run.answered(*by),
        Event::Withdrawn { by } => run.withdrawn(*by),
        Event::Cancelled { reason, .. } => run.cancelled(*reason),
        Event::Decided { task, person, verdict, revision_hash, reason } => {
            run.decided(*task, *person, *verdict, revision_hash, *reason)
        }
        Event::Settled { task } => run.settled(*task),
        Event::PersonLeft { person } => {
            run.person_left(*person);
            Ok(())
        }
        Event::Retried { .. } => run.retried(),
    }?;
    Ok((run.state, run.effects))
}

/// A step under way.
struct Run<'a> {
    process: &'a Process,
    facts: &'a Facts,
    now: Timestamp,
    state: State,
    effects: Vec<Effect>,
}

impl Run<'_> {
    fn submitted(&mut self, by: PersonId, revision: RevisionId, hash: [u8; 32]) -> Result<(), Refusal> {
        self.by_requester(by)?;
        if self.state.phase != Phase::Draft {
            return Err(self.wrong_state());
        }
        self.state.revision = Some(RevisionMark { id: revision, hash, number: 1, submitted_at: self.now });
        self.enter(START, EndOutcome::Approved);
        Ok(())
    }

    fn edited(&mut self, by: PersonId, revision: RevisionId, hash: [u8; 32]) -> Result<(), Refusal> {
        self.by_requester(by)?;
        self.under_way()?;
        let before = self.state.revision.ok_or(Refusal::ForeignState)?;
        if before.hash == hash {
            return Err(Refusal::SameRevision);
        }
        self.count_restart()?;
        let given: BTreeSet<Approved> = self.state.approvals().collect();
        self.close_open(CloseHow::Void);
        for Approved { person, task } in given {
            self.effects.push(Effect::VoidDecision { task, person });
        }
        let number = before.number.saturating_add(1);
        self.state.revision = Some(RevisionMark { id: revision, hash, number, submitted_at: self.now });
        self.restart();
        Ok(())
    }

    fn answered(&mut self, by: PersonId) -> Result<(), Refusal> {
        self.by_requester(by)?;
        let Phase::Returned { stage } = self.state.phase.clone() else { return Err(self.wrong_state()) };
        self.count_restart()?;
        match self.process.answer_without_edit() {
            AnswerWithoutEdit::FirstStage => self.restart(),
            AnswerWithoutEdit::SameStage => self.go_on_from(&stage),
        }
        Ok(())
    }

    fn withdrawn(&mut self, by: PersonId) -> Result<(), Refusal> {
        self.by_requester(by)?;
        self.under_way()?;
        self.close_open(CloseHow::Void);
        self.state.phase = Phase::Ended { outcome: Outcome::Withdrawn };
        Ok(())
    }

    fn cancelled(&mut self, reason: Reason) -> Result<(), Refusal> {
        self.under_way()?;
        if reason == Reason::Absent {
            return Err(Refusal::ReasonRequired);
        }
        self.close_open(CloseHow::Void);
        self.state.phase = Phase::Ended { outcome: Outcome::Cancelled };
        self.notify(Notice::Cancelled, Recipient::Person(self.state.requester), None);
        Ok(())
    }

    fn decided(
        &mut self,
        task: TaskKey,
        person: PersonId,
        verdict: Verdict,
        revision_hash: &[u8; 32],
        reason: Reason,
    ) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Open { .. } => {}
            Phase::Draft => return Err(self.wrong_state()),
            _ => return Err(Refusal::TaskClosed),
        }
        if self.state.revision.is_none_or(|mark| mark.hash != *revision_hash) {
            return Err(Refusal::StaleRevision);
        }
        let now = self.now;
        let restarts = self.state.restarts;
        let seat = self.seat(task)?;
        if seat.person != person {
            return Err(Refusal::NotYourTask);
        }
        if seat.state != SeatState::Open {
            return Err(Refusal::TaskClosed);
        }
        if verdict != Verdict::Approve && reason == Reason::Absent {
            return Err(Refusal::ReasonRequired);
        }
        if verdict == Verdict::AskChanges && restarts >= RESTARTS_MAX {
            return Err(Refusal::BoundReached { what: "restarts", max: u32::from(RESTARTS_MAX) });
        }
        seat.state = SeatState::Given { verdict, at: now };
        self.effects.push(Effect::CloseTask { task, how: CloseHow::Done });
        if self.approval()?.undo_seconds == 0 { self.settled(task) } else { Ok(()) }
    }

    fn settled(&mut self, task: TaskKey) -> Result<(), Refusal> {
        let Phase::Open { stage } = self.state.phase.clone() else { return Err(Refusal::TaskClosed) };
        let seat = self.seat(task)?;
        let SeatState::Given { verdict, at } = seat.state else { return Err(Refusal::TaskClosed) };
        seat.state = SeatState::Settled { verdict, at };
        if verdict == Verdict::AskChanges {
            self.close_open(CloseHow::Superseded);
            self.state.phase = Phase::Returned { stage };
            self.notify(Notice::Returned, Recipient::Person(self.state.requester), None);
            return Ok(());
        }
        if let Some(outcome) = tally::outcome(&self.state, self.approval()?.reject) {
            self.pass(&stage, outcome);
            self.enter(&stage, outcome);
        }
        Ok(())
    }

    /// Fills the seat of somebody who left, if the round cannot be approved without; else leaves it empty.
    fn person_left(&mut self, person: PersonId) {
        let Phase::Open { stage } = self.state.phase.clone() else { return };
        let open_here = |seat: &Seat| seat.person == person && seat.state == SeatState::Open;
        let Some(number) = self.state.seats.iter().position(open_here) else { return };
        self.close(number, CloseHow::Void);
        let missing = usize::from(self.state.needed).saturating_sub(tally::reachable(&self.state));
        let undecided = |seat: &Seat| matches!(seat.state, SeatState::Open | SeatState::Given { .. });
        if missing == 0 && self.state.seats.iter().any(undecided) {
            return;
        }
        let Ok(approval) = self.approval().cloned() else { return };
        let seated: BTreeSet<PersonId> = self.state.seats.iter().map(|seat| seat.person).collect();
        let earlier: Vec<Approved> = self.state.path.iter().flat_map(|passed| passed.approvals.clone()).collect();
        let mut people = BTreeSet::new();
        for approvers in [approval.approvers.as_slice(), approval.fallback.as_slice()] {
            extend(&mut people, &approval, approvers, self.state.requester, &earlier, self.facts);
            people.retain(|found| !seated.contains(found));
            if people.len() >= missing.max(1) {
                break;
            }
        }
        if people.len() < missing.max(1) || self.state.seats.len() + people.len() > SEATS_MAX {
            return self.stuck(&stage, StuckReason::TooFew);
        }
        for found in people {
            self.seat_open(&stage, found);
        }
    }

    fn retried(&mut self) -> Result<(), Refusal> {
        let Phase::Stuck { stage, .. } = self.state.phase.clone() else { return Err(self.wrong_state()) };
        self.go_on_from(&stage);
        Ok(())
    }

    fn restart(&mut self) {
        self.state.path.clear();
        self.enter(START, EndOutcome::Approved);
    }

    /// Opens a stage again, or enters anew if none was reached.
    fn go_on_from(&mut self, stage: &str) {
        if stage == START {
            return self.restart();
        }
        if let Some(outcome) = self.open(stage) {
            self.enter(stage, outcome);
        }
    }

    /// Follows the routes out of a stage until somebody is asked, the request ends or is stuck. A published process
    /// has no circle, so this takes at most as many turns as there are stages.
    fn enter(&mut self, from: &str, outcome: EndOutcome) {
        let (mut from, mut outcome) = (from.to_owned(), outcome);
        for _ in 0..=STAGES_MAX {
            let Some(next) = self.next(&from, outcome) else { break };
            match self.process.stage(&next).map(|stage| &stage.kind) {
                Some(StageKind::End(end)) => return self.end(*end),
                Some(StageKind::Approval(_)) => match self.open(&next) {
                    Some(decided) => (from, outcome) = (next, decided),
                    None => return,
                },
                None => break,
            }
        }
        self.stuck(&from, StuckReason::NoRoute);
    }

    fn next(&self, from: &str, outcome: EndOutcome) -> Option<String> {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let submitted_at = self.state.revision.map_or(self.now, |mark| mark.submitted_at);
        let scene = Scene {
            value: &|key| self.facts.value(key),
            today: day(self.now),
            submitted_on: day(submitted_at),
            member: &|subject, group| is_member(&self.state, self.facts, subject, group),
        };
        route(self.process, from, outcome, &scene).map(str::to_owned)
    }

    /// Opens a stage; its outcome if approvals carried over decide it at once.
    fn open(&mut self, stage: &str) -> Option<EndOutcome> {
        let approval = self.process.approval(stage)?.clone();
        let earlier: Vec<Approved> = self.state.path.iter().flat_map(|passed| passed.approvals.clone()).collect();
        self.state.round = self.state.round.saturating_add(1);
        self.state.seats.clear();
        self.state.phase = Phase::Open { stage: stage.to_owned() };
        let asking = match ask(&approval, self.state.requester, &earlier, self.facts) {
            Ok(asking) => asking,
            Err(why) => {
                self.stuck(stage, why);
                return None;
            }
        };
        self.state.needed = asking.needed;
        self.state.counted = u16::try_from(asking.people.len()).unwrap_or(u16::MAX);
        self.seats(stage, &approval, &asking, &earlier);
        let outcome = tally::outcome(&self.state, approval.reject)?;
        self.pass(stage, outcome);
        Some(outcome)
    }

    /// Carried approvals are seated first, so that nobody is asked where they already suffice.
    fn seats(&mut self, stage: &str, approval: &Approval, asking: &Asking, earlier: &[Approved]) {
        let carries = |person: PersonId| {
            let skip = approval.same_person == Some(SamePerson::Skip);
            earlier.iter().find(|one| skip && one.person == person)
        };
        for person in &asking.people {
            if let Some(Approved { task: from, .. }) = carries(*person).copied() {
                let task = self.add_seat(*person, SeatState::Carried { from });
                self.effects.push(Effect::CarryDecision { task, stage: stage.to_owned(), person: *person, from });
            }
        }
        let decided = tally::outcome(&self.state, approval.reject).is_some();
        for person in asking.people.iter().filter(|person| !decided && carries(**person).is_none()) {
            self.seat_open(stage, *person);
        }
    }

    fn seat_open(&mut self, stage: &str, person: PersonId) {
        let task = self.add_seat(person, SeatState::Open);
        self.effects.push(Effect::OpenTask { task, stage: stage.to_owned(), person });
        self.notify(Notice::TaskOpened, Recipient::Person(person), Some(task));
    }

    fn add_seat(&mut self, person: PersonId, state: SeatState) -> TaskKey {
        let seat = u16::try_from(self.state.seats.len()).unwrap_or(u16::MAX);
        self.state.seats.push(Seat { person, state });
        TaskKey { round: self.state.round, seat }
    }

    fn pass(&mut self, stage: &str, outcome: EndOutcome) {
        self.close_open(CloseHow::Superseded);
        let approvals = self.state.seat_approvals().collect();
        let (stage, round) = (stage.to_owned(), self.state.round);
        self.state.path.push(Passed { stage, round, outcome, approvals });
        self.state.seats.clear();
    }

    fn end(&mut self, end: EndOutcome) {
        let (outcome, notice) = match end {
            EndOutcome::Approved => (Outcome::Approved, Notice::Approved),
            EndOutcome::Rejected => (Outcome::Rejected, Notice::Rejected),
        };
        self.state.phase = Phase::Ended { outcome };
        self.notify(notice, Recipient::Person(self.state.requester), None);
    }

    fn stuck(&mut self, stage: &str, why: StuckReason) {
        self.close_open(CloseHow::Void);
        self.state.phase = Phase::Stuck { stage: stage.to_owned(), why };
        self.notify(Notice::Stuck, Recipient::Owners, None);
    }

    /// Closes every seat that is not decided. A decision that did not count yet is void with its seat.
    fn close_open(&mut self, how: CloseHow) {
        for number in 0..self.state.seats.len() {
            self.close(number, how);
        }
    }

    fn close(&mut self, number: usize, how: CloseHow) {
        let round = self.state.round;
        let Some(seat) = self.state.seats.get_mut(number) else { return };
        let was_open = match seat.state {
            SeatState::Open => true,
            SeatState::Given { .. } => false,
            _ => return,
        };
        seat.state = if how == CloseHow::Superseded { SeatState::Superseded } else { SeatState::Void };
        let (person, task) = (seat.person, TaskKey { round, seat: u16::try_from(number).unwrap_or(u16::MAX) });
        if was_open {
            self.effects.push(Effect::CloseTask { task, how });
            if how == CloseHow::Void {
                self.notify(Notice::TaskVoided, Recipient::Person(person), Some(task));
            }
        } else {
            self.effects.push(Effect::VoidDecision { task, person });
        }
    }

    fn notify(&mut self, notice: Notice, to: Recipient, task: Option<TaskKey>) {
        self.effects.push(Effect::Notify { notice, to, task });
    }

    fn seat(&mut self, task: TaskKey) -> Result<&mut Seat, Refusal> {
        let here = task.round == self.state.round;
        self.state.seats.get_mut(usize::from(task.seat)).filter(|_| here).ok_or(Refusal::TaskClosed)
    }

    fn approval(&self) -> Result<&Approval, Refusal> {
        self.state.stage().and_then(|stage| self.process.approval(stage)).ok_or(Refusal::ForeignState)
    }

    fn by_requester(&self, by: PersonId) -> Result<(), Refusal> {
        if by == self.state.requester { Ok(()) } else { Err(Refusal::NotRequester) }
    }

    fn under_way(&self) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Open { .. } | Phase::Returned { .. } | Phase::Stuck { .. } => Ok(()),
            Phase::Draft | Phase::Ended { .. } => Err(self.wrong_state()),
        }
    }

    fn wrong_state(&self) -> Refusal {
        Refusal::WrongState { state: state_word(&self.state).word }
    }

    fn count_restart(&mut self) -> Result<(), Refusal> {
        if self.state.restarts >= RESTARTS_MAX {
            return Err(Refusal::BoundReached { what: "restarts", max: u32::from(RESTARTS_MAX) });
        }
        self.state.restarts += 1;
        Ok(())
    }
}
