//! What a person holds, and where: the pure half of every decision about a right.

use jiff::Timestamp;

use super::atoms::{Atom, AtomSet};
use super::roles::Role;
use crate::ProcessId;

/// One grant that reaches a person, directly, through a group or through "everyone".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGrant {
    /// The role granted.
    pub role: Role,
    /// The process, or nothing for the whole workspace.
    pub process: Option<ProcessId>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Everything that reaches one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// The grants, in no order.
    pub grants: Vec<HeldGrant>,
}

impl Access {
    /// Atoms held in the whole workspace at this instant.
    #[must_use]
    pub fn in_workspace(&self, now: Timestamp) -> AtomSet {
        self.sum(now, |grant| grant.process.is_none())
    }

    /// Atoms held at one process: those of the workspace and those granted there.
    #[must_use]
    pub fn at_process(&self, process: ProcessId, now: Timestamp) -> AtomSet {
        self.sum(now, |grant| grant.process.is_none_or(|granted| granted == process))
    }

    /// Processes at which an atom is held by a grant of their own.
    pub fn processes_with(&self, atom: Atom, now: Timestamp) -> impl Iterator<Item = ProcessId> + '_ {
        self.grants
            .iter()
            .filter(move |grant| grant.role.atoms().has(atom) && grant.expires_at.is_none_or(|end| end > now))
            .filter_map(|grant| grant.process)
    }

    fn sum(&self, now: Timestamp, reaches: impl Fn(&HeldGrant) -> bool) -> AtomSet {
        self.grants
            .iter()
            .filter(|grant| grant.expires_at.is_none_or(|end| end > now) && reaches(grant))
            .fold(AtomSet::EMPTY, |sum, grant| sum.union(grant.role.atoms()))
    }
}

/// Nobody grants more than they hold, and nobody grants to themselves.
#[must_use]
pub fn may_grant(holder: AtomSet, role: Role, to_oneself: ToOneself) -> bool {
    to_oneself == ToOneself::No && holder.has(Atom::AccessGrant) && role.atoms().within(holder)
}

/// Whether a grant's principal is the grantor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToOneself {
    /// It is.
    Yes,
    /// It is somebody else.
    No,
}
