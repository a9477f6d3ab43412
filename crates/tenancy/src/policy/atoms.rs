//! Atoms: the smallest rights, in a closed list, and sets of them.

/// Declares the atoms with their text.
macro_rules! atoms {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// One right. Stored and shown as text, held as a bit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Atom { $($(#[$doc])* $name),* }
        impl Atom {
            /// Every atom, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The atom's name in grants, tokens and the policy table.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

atoms! {
    /// Hand in a request of a process.
    RequestSubmit = "request.submit";
    /// Comment on a request one may read.
    RequestComment = "request.comment";
    /// Withdraw or edit a request of one's own.
    RequestWithdrawOwn = "request.withdraw_own";
    /// Read requests of a process.
    RequestRead = "request.read";
    /// Decide tasks assigned to oneself.
    RequestDecide = "request.decide";
    /// View reports.
    ReportView = "report.view";
    /// Edit drafts of a process.
    ProcessEdit = "process.edit";
    /// Publish a process.
    ProcessPublish = "process.publish";
    /// See the list of people and groups.
    PeopleRead = "people.read";
    /// Invite, change and end people.
    PeopleManage = "people.manage";
    /// Make and change groups.
    GroupManage = "group.manage";
    /// Grant roles.
    AccessGrant = "access.grant";
    /// Issue and revoke API tokens of one's own.
    TokenManage = "token.manage";
    /// Read the audit trail.
    AuditRead = "audit.read";
    /// Make and change streams of the audit trail. No scope of a token holds it.
    StreamManage = "stream.manage";
    /// Own the workspace.
    WorkspaceOwn = "workspace.own";
}

/// A set of atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtomSet(u128);

impl AtomSet {
    /// No atom.
    pub const EMPTY: Self = Self(0);

    /// The set of these atoms.
    #[must_use]
    pub const fn of(atoms: &[Atom]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < atoms.len() {
            bits |= 1 << atoms[index] as u8;
            index += 1;
        }
        Self(bits)
    }
    /// Every atom.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(Atom::ALL)
    }
    /// Whether the atom is in the set.
    #[must_use]
    pub const fn has(self, atom: Atom) -> bool {
        self.0 & (1 << atom as u8) != 0
    }
    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// What both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Whether every atom of this set is in the other.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
    /// Whether no atom is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
