//! Identifiers: one newtype a thing, so that a request's id cannot be passed where a task's is meant.
//!
//! All are 128-bit UUIDs (RFC 9562). Workspace ids are version 4, so that nothing about their making can be
//! guessed; all others are version 7, so that they sort by time and an index grows at one end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $make:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new random id.
            #[must_use]
            pub fn random() -> Self {
                #[cfg(feature = "faults")]
                if stringify!($name) == "WorkspaceId" && crate::faults::on("workspace-id-short") {
                    return Self(Uuid::from_u128(7));
                }
                Self(Uuid::$make())
            }
            /// Wraps an existing UUID: a row's column, or a derived id.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            /// The UUID itself, for a statement's parameter.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
            /// The 16 bytes, as associated data of sealed values want them.
            #[must_use]
            pub const fn bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// The tenant. Random (version 4) and never used twice.
    WorkspaceId new_v4;
    /// A person of one workspace.
    PersonId now_v7;
    /// A group of persons.
    GroupId now_v7;
    /// A role: built in or made by the workspace.
    RoleId now_v7;
    /// A process, whatever its version.
    ProcessId now_v7;
    /// One run of a process.
    RequestId now_v7;
    /// The content of a request at one time.
    RevisionId now_v7;
    /// One person asked for one decision.
    TaskId now_v7;
    /// One decision given.
    DecisionId now_v7;
    /// A comment on a request.
    CommentId now_v7;
    /// A signed-in browser.
    SessionId now_v7;
    /// An API token.
    TokenId now_v7;
    /// A one-time link.
    LinkId now_v7;
    /// A grant of a role to a principal.
    GrantId now_v7;
    /// One record of the audit trail.
    RecordId now_v7;
    /// One row of the outbox.
    OutboxId now_v7;
    /// One order of erasure.
    ErasureId now_v7;
    /// A stream of the audit trail to a receiver.
    StreamId now_v7;
    /// A batch that a receiver would not take.
    DeadId now_v7;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_as_text() {
        let id = RequestId::random();
        assert_eq!(id.to_string().parse::<RequestId>().unwrap(), id);
        assert!("7".parse::<RequestId>().is_err());
    }

    #[test]
    fn workspace_ids_are_random_and_others_sort_by_time() {
        assert_eq!(WorkspaceId::random().uuid().get_version_num(), 4);
        let first = TaskId::random();
        let second = TaskId::random();
        assert!(first < second);
    }
}
