//! What tests stand on: a real PostgreSQL with one database a test, and two workspaces of equal shape in it.
//!
//! Tests connect as the application's roles, through `tenancy`; the superuser's connection is there to break things and
//! to look at what the application may not see.
//! What must stay true: a test never sees another test's database; the server ends by itself once no test runs.
#![forbid(unsafe_code)]

mod acts;
mod cluster;
mod database;
mod fixture;
mod own_cluster;

pub use acts::{approve, ask_changes, publish, purchase, reject, submit, tasks_of, try_decide};
pub use cluster::{Error, IDLE_S};
pub use database::TestDb;
pub use fixture::{GROUPS, PEOPLE, PROCESSES, Workspace, origin, two_workspaces};
pub use own_cluster::{Copy as ClusterCopy, OwnCluster};
