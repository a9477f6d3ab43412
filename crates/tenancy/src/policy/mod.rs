//! The policy: atoms, roles, actions and the one function that judges.
//!
//! Every permit is made here. Denied and absent are the same [`Error::NotFound`](crate::Error::NotFound) wherever the
//! actor may not know of the target; a target that may be seen but not acted on is `Forbidden`.

mod access;
mod actions;
mod atoms;
mod roles;

pub use access::{Access, HeldGrant, ToOneself, may_grant};
pub use actions::*;
pub use atoms::{Atom, AtomSet};
pub use roles::{Role, TokenScope};

use jiff::Timestamp;

use crate::{Actor, Internal, PersonId, ProcessId};

/// What must hold for an act, beside the target's existence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nobody has signed in yet.
    Visitor,
    /// Any signed-in person of the workspace; a token must let the atom through.
    Person(Atom),
    /// The target is the actor, who holds the atom in the workspace.
    Oneself(Atom),
    /// The target is the actor, signed in by session: no token may.
    InPerson,
    /// The atom, in the workspace.
    Workspace(Atom),
    /// The atom, at the target's process.
    Process(Atom),
    /// The process may be seen: any atom held at it.
    ProcessSeen,
    /// The actor handed the request in, and holds the atom at its process.
    Requester(Atom),
    /// Requester, anybody ever asked, or a holder of `request.read` at its process.
    RequestSeen,
    /// The request may be seen, and the atom is held at its process.
    RequestSeenWith(Atom),
    /// The task is the actor's, and the atom is held at its process now.
    Assignee(Atom),
    /// Internal actors only.
    InternalOnly,
}

/// What the database says of a target, read with the target's row locked when something will be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The target's process.
    pub process: Option<ProcessId>,
    /// Who handed the request in.
    pub requester: Option<PersonId>,
    /// Whom the task asks.
    pub assignee: Option<PersonId>,
    /// The person the target is.
    pub person: Option<PersonId>,
    /// Whether the actor was ever asked for a decision on the request.
    pub was_asked: bool,
}

/// The answer of [`judge`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// The target may be seen, the act may not be done.
    Forbidden,
    /// As if it were not there.
    Hidden,
}

/// Everything [`judge`] looks at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub actor: Actor,
    /// What reaches them.
    pub access: &'a Access,
    /// What their token lets through; all atoms for a session.
    pub mask: AtomSet,
    /// The act's rule.
    pub rule: Rule,
    /// The internal actors that may do it.
    pub internal: &'a [Internal],
    /// The target.
    pub facts: Facts,
    /// The database's clock.
    pub now: Timestamp,
}

/// Decides one question. Pure: the same function serves permits, lists and the printed policy table.
#[must_use]
pub fn judge(question: &Question<'_>) -> Verdict {
    let person = match question.actor {
        Actor::Person(person) => person,
        Actor::Visitor => return allowed_or(question.rule == Rule::Visitor, Verdict::Hidden),
        Actor::Operator => return by_internal(question, Internal::Operator),
        Actor::Courier => return by_internal(question, Internal::Courier),
        Actor::Prober => return by_internal(question, Internal::Prober),
        Actor::Custodian => return by_internal(question, Internal::Custodian),
        Actor::Streamer => return by_internal(question, Internal::Streamer),
        Actor::Integrator => return by_internal(question, Internal::Integrator),
    };
    let facts = question.facts;
    let workspace = question.access.in_workspace(question.now).intersection(question.mask);
    let process = facts.process.map_or(AtomSet::EMPTY, |id| question.access.at_process(id, question.now));
    let held = process.intersection(question.mask);
    let own = facts.requester == Some(person);
    let seen = own || facts.was_asked || facts.assignee == Some(person) || process.has(Atom::RequestRead);
    match question.rule {
        Rule::Visitor | Rule::InternalOnly => Verdict::Hidden,
        Rule::Person(atom) => allowed_or(question.mask.has(atom), Verdict::Forbidden),
        Rule::Oneself(atom) if facts.person == Some(person) => allowed_or(workspace.has(atom), Verdict::Forbidden),
        Rule::Oneself(_) => Verdict::Hidden,
        Rule::InPerson if facts.person == Some(person) => {
            allowed_or(question.mask == AtomSet::all(), Verdict::Forbidden)
        }
        Rule::InPerson => Verdict::Hidden,
        Rule::Workspace(atom) => allowed_or(workspace.has(atom), Verdict::Forbidden),
        Rule::Process(atom) if held.has(atom) => Verdict::Allowed,
        Rule::Process(_) => seen_or_hidden(!process.is_empty()),
        Rule::ProcessSeen => allowed_or(!process.is_empty(), Verdict::Hidden),
        Rule::RequestSeen if seen => allowed_or(question.mask.has(Atom::RequestRead), Verdict::Forbidden),
        Rule::RequestSeen => Verdict::Hidden,
        Rule::RequestSeenWith(atom) if seen => allowed_or(held.has(atom), Verdict::Forbidden),
        Rule::RequestSeenWith(_) => Verdict::Hidden,
        Rule::Requester(atom) if own => allowed_or(held.has(atom), Verdict::Forbidden),
        Rule::Requester(_) => seen_or_hidden(seen),
        Rule::Assignee(atom) if facts.assignee == Some(person) => allowed_or(held.has(atom), Verdict::Forbidden),
        Rule::Assignee(_) => seen_or_hidden(seen),
    }
}

const fn allowed_or(condition: bool, otherwise: Verdict) -> Verdict {
    if condition { Verdict::Allowed } else { otherwise }
}

const fn seen_or_hidden(seen: bool) -> Verdict {
    if seen { Verdict::Forbidden } else { Verdict::Hidden }
}

fn by_internal(question: &Question<'_>, internal: Internal) -> Verdict {
    allowed_or(question.internal.contains(&internal), Verdict::Hidden)
}
