//! The built-in roles, immutable, and the scopes of API tokens: named sets of atoms.

use super::atoms::{Atom, AtomSet};

/// A role that a grant names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything, at workspace level only.
    Owner,
    /// All but owning, at workspace level only.
    Admin,
    /// Hands in requests and decides what is assigned.
    Member,
    /// Reads what is shared.
    Viewer,
    /// May hand in requests of one process.
    Submitter,
    /// May decide tasks of one process.
    Approver,
    /// May view reports of one process.
    Reporter,
    /// Administers one process.
    ProcessAdmin,
    /// Reads every request of one process.
    Watcher,
}

impl Role {
    /// Every role, in the order of the policy table.
    pub const ALL: &'static [Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Member,
        Self::Viewer,
        Self::Submitter,
        Self::Approver,
        Self::Reporter,
        Self::ProcessAdmin,
        Self::Watcher,
    ];

    /// The roles a person may have in a whole workspace.
    pub const OF_WORKSPACE: &'static [Self] = &[Self::Owner, Self::Admin, Self::Member, Self::Viewer];

    /// The stored name.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::Reporter => "reporter",
            Self::ProcessAdmin => "process_admin",
            Self::Watcher => "watcher",
        }
    }

    /// The role of a stored name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.text() == text)
    }

    /// The atoms of the role.
    #[must_use]
    pub const fn atoms(self) -> AtomSet {
        match self {
            Self::Owner => AtomSet::all(),
            Self::Admin => AtomSet::of(&[
                Atom::RequestSubmit,
                Atom::RequestComment,
                Atom::RequestWithdrawOwn,
                Atom::RequestRead,
                Atom::RequestDecide,
                Atom::ReportView,
                Atom::ProcessEdit,
                Atom::ProcessPublish,
                Atom::PeopleRead,
                Atom::PeopleManage,
                Atom::GroupManage,
                Atom::AccessGrant,
                Atom::TokenManage,
                Atom::AuditRead,
                Atom::StreamManage,
            ]),
            Self::Member => AtomSet::of(&[
                Atom::RequestSubmit,
                Atom::RequestComment,
                Atom::RequestWithdrawOwn,
                Atom::RequestDecide,
                Atom::TokenManage,
            ]),
            Self::Viewer => AtomSet::EMPTY,
            Self::Submitter => AtomSet::of(&[Atom::RequestSubmit, Atom::RequestComment, Atom::RequestWithdrawOwn]),
            Self::Approver => AtomSet::of(&[Atom::RequestDecide, Atom::RequestComment]),
            Self::Reporter => AtomSet::of(&[Atom::ReportView]),
            Self::ProcessAdmin => {
                AtomSet::of(&[Atom::RequestRead, Atom::ReportView, Atom::ProcessEdit, Atom::ProcessPublish])
            }
            Self::Watcher => AtomSet::of(&[Atom::RequestRead]),
        }
    }
}

/// A scope of an API token: a documented set of atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenScope {
    /// `requests:read`
    RequestsRead,
    /// `requests:write`
    RequestsWrite,
    /// `tasks:decide`
    TasksDecide,
    /// `processes:admin`
    ProcessesAdmin,
    /// `people:admin`
    PeopleAdmin,
    /// `audit:read`
    AuditRead,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[
        Self::RequestsRead,
        Self::RequestsWrite,
        Self::TasksDecide,
        Self::ProcessesAdmin,
        Self::PeopleAdmin,
        Self::AuditRead,
    ];

    /// The name a caller writes.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::RequestsRead => "requests:read",
            Self::RequestsWrite => "requests:write",
            Self::TasksDecide => "tasks:decide",
            Self::ProcessesAdmin => "processes:admin",
            Self::PeopleAdmin => "people:admin",
            Self::AuditRead => "audit:read",
        }
    }

    /// The scope of a name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.text() == text)
    }

    /// What the scope lets through of its person's atoms.
    #[must_use]
    pub const fn atoms(self) -> AtomSet {
        match self {
            Self::RequestsRead => AtomSet::of(&[Atom::RequestRead, Atom::ReportView]),
            Self::RequestsWrite => AtomSet::of(&[Atom::RequestSubmit, Atom::RequestComment, Atom::RequestWithdrawOwn]),
            Self::TasksDecide => AtomSet::of(&[Atom::RequestDecide]),
            Self::ProcessesAdmin => AtomSet::of(&[Atom::ProcessEdit, Atom::ProcessPublish]),
            Self::PeopleAdmin => AtomSet::of(&[Atom::PeopleRead, Atom::PeopleManage, Atom::GroupManage]),
            Self::AuditRead => AtomSet::of(&[Atom::AuditRead]),
        }
    }
}
