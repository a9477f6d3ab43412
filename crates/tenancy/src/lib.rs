//! Tenancy: the trusted base. The only owner of a connection pool, and the one place where a right is decided.
//!
//! What must stay true: no query without a workspace ([`Scope`]), no change without a permit ([`Permit`]), no change
//! without a record ([`Record`]). Everyone else is handed a scope: one transaction, one workspace, one actor.
#![forbid(unsafe_code)]

mod actor;
#[cfg(feature = "faults")]
mod astray;
pub mod attempts;
pub mod canonical;
pub mod catalogue;
mod composite;
mod cosignatures;
#[expect(clippy::disallowed_types, reason = "tenancy is the room that owns connections")]
mod database;
mod database_tls;
mod deployment;
mod desk;
pub mod ending;
pub mod epoch;
mod erased_again;
pub mod erasure;
mod error;
pub mod faults;
mod glance;
pub mod held;
mod ids;
pub mod leaves;
#[expect(clippy::disallowed_types, reason = "tenancy is the room that owns connections")]
pub mod log;
mod memory;
pub mod migrate;
mod outbox;
pub mod policy;
mod record;
mod resolved;
#[expect(clippy::disallowed_types, reason = "tenancy is the room that owns connections")]
mod scope;
mod sql;
pub mod statements;
pub mod streaming;
pub mod streams;
mod targets;
pub mod trail;
mod write;

pub use actor::{Actor, Channel, Credential, Internal, Origin, Via};
pub use cosignatures::{Cosignature, WITNESSES_MAX};
pub use database::{Database, Host, Params, PoolSizes, Server, connect};
pub use database_tls::DatabaseTls;
pub use deployment::{DeploymentHead, DeploymentRow, OwnEntry};
pub use error::Error;
pub use glance::Glance;
pub use ids::{
    CommentId, DeadId, DecisionId, ErasureId, GrantId, GroupId, LinkId, OutboxId, PersonId, ProcessId, RecordId,
    RequestId, RevisionId, RoleId, SessionId, StreamId, TaskId, TokenId, WorkspaceId,
};
pub use memory::Memory;
pub use outbox::{BATCH_MAX, Due};
pub use record::{Record, field_digest};
pub use scope::{Locks, Mode, Permit, ReadOnly, ReadWrite, Scope};
pub use sql::Sql;
pub use targets::{PersonTarget, Target, Unopened, Whole};
pub use write::{Committed, EFFECTS_MAX, Param, Writer};
