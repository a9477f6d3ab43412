//! Tenancy: the trusted base. The only owner of a connection pool, and the one place where a right is decided.
//!
//! What must stay true: no query without a workspace, no change without a permit, no change without a record.
#![forbid(unsafe_code)]

pub mod canonical;
mod ids;

pub use ids::{
    CommentId, DecisionId, GrantId, GroupId, LinkId, OutboxId, PersonId, ProcessId, RecordId, RequestId, RevisionId,
    RoleId, SessionId, TaskId, TokenId, WorkspaceId,
};
