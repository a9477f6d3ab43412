//! Where a request goes next, and who is asked there.

use std::collections::BTreeSet;

use tenancy::PersonId;

use super::{Approved, Asked, FactQuery, Facts, SEATS_MAX, State, StuckReason};
use crate::condition::{Scene, Subject};
use crate::form::Value;
use crate::process::{Approval, Approver, EndOutcome, Mode, Process, START, SamePerson};

/// The stage that follows: the first route for the outcome whose condition holds. From `start` the outcome is not
/// looked at. `None`: no route fits, or the stage is an end.
#[must_use]
pub fn route<'p>(process: &'p Process, from: &str, on: EndOutcome, scene: &Scene<'_>) -> Option<&'p str> {
    let fits = |route: &&crate::process::Route| {
        (from == START || route.on == Some(on)) && route.when.as_ref().is_none_or(|when| when.holds(scene))
    };
    process.routes(from).iter().find(fits).map(|route| route.to.as_str())
}

/// Answers a condition's question about membership from facts.
pub(super) fn is_member(state: &State, facts: &Facts, subject: Subject<'_>, group: &str) -> bool {
    let ask = |asked| facts.is_member(&FactQuery::Member { asked, group: group.to_owned() });
    match subject {
        Subject::Requester => ask(Asked::Person(state.requester)),
        Subject::Decider(stage) => state
            .path
            .iter()
            .filter(|passed| passed.stage == stage)
            .flat_map(|passed| &passed.approvals)
            .any(|approved| ask(Asked::Person(approved.person))),
        Subject::Person(person) => {
            let named = |query: &str| facts.value(query) == Some(&Value::Person(person));
            facts.person_fields().any(|field| named(field) && ask(Asked::Field(field.to_owned())))
        }
    }
}

/// Who is asked at a stage, and how many of them must approve.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) people: Vec<PersonId>,
    pub(super) needed: u16,
}

/// Expands the approvers, drops who is excluded, adds the fallback when they are too few. Never lowers a quorum.
pub(super) fn ask(
    approval: &Approval,
    requester: PersonId,
    earlier: &[Approved],
    facts: &Facts,
) -> Result<Asking, StuckReason> {
    let mut people = BTreeSet::new();
    extend(&mut people, approval, &approval.approvers, requester, earlier, facts);
    if people.len() < needed(approval.mode, people.len()) {
        extend(&mut people, approval, approval.fallback.as_slice(), requester, earlier, facts);
    }
    let needed = needed(approval.mode, people.len());
    if people.is_empty() {
        Err(StuckReason::Nobody)
    } else if people.len() < needed {
        Err(StuckReason::TooFew)
    } else if people.len() > SEATS_MAX {
        Err(StuckReason::TooMany)
    } else {
        let needed = u16::try_from(needed).map_err(|_| StuckReason::TooMany)?;
        Ok(Asking { people: people.into_iter().collect(), needed })
    }
}

/// Adds everybody these entries resolve to and who may decide here.
pub(super) fn extend(
    people: &mut BTreeSet<PersonId>,
    approval: &Approval,
    approvers: &[Approver],
    requester: PersonId,
    earlier: &[Approved],
    facts: &Facts,
) {
    for approver in approvers {
        let found = facts.people_of(&FactQuery::of_approver(approver, requester));
        people.extend(found.iter().copied().filter(|person| may_decide(approval, *person, requester, earlier)));
    }
}

fn may_decide(approval: &Approval, person: PersonId, requester: PersonId, earlier: &[Approved]) -> bool {
    let is_requester = person == requester && !approval.requester_may_decide;
    let approved = approval.same_person == Some(SamePerson::Other) && earlier.iter().any(|one| one.person == person);
    !is_requester && !approved
}

/// How many approvals a stage with so many seats needs; at least one.
fn needed(mode: Mode, seats: usize) -> usize {
    match mode {
        Mode::Any => 1,
        Mode::All => seats.max(1),
        Mode::Quorum(quorum) => usize::from(quorum).max(1),
    }
}
