//! What an act is done to, and how its facts are read.

use uuid::Uuid;

use crate::sql::Sql;
use crate::{GroupId, PersonId, ProcessId, RequestId, StreamId, TaskId, statements};

/// A kind of target. The statements take `(workspace, target, actor)` and answer with at most one row of facts.
pub trait Target: Copy + Send + Sync + 'static {
    /// The target's row id; nothing for the workspace itself.
    fn id(self) -> Option<Uuid>;
    /// Whether its facts never change and it is never deleted: then they are read once.
    const FIXED: bool;
    /// Reads the facts.
    const LOOK: &'static Sql;
    /// Reads the facts and locks the row.
    const LOCK: &'static Sql;
}

/// The workspace itself.
#[derive(Debug, Clone, Copy)]
pub struct Whole;

/// A person as the target of an act on oneself.
#[derive(Debug, Clone, Copy)]
pub struct PersonTarget(pub PersonId);

/// The workspace as long as it has no row: what its first act is done to.
#[derive(Debug, Clone, Copy)]
pub struct Unopened;

macro_rules! targets {
    ($($type:ty, $look:ident, $lock:ident, $fixed:literal, |$this:ident| $id:expr;)*) => {$(
        impl Target for $type {
            fn id(self) -> Option<Uuid> {
                let $this = self;
                $id
            }
            const FIXED: bool = $fixed;
            const LOOK: &'static Sql = &statements::$look;
            const LOCK: &'static Sql = &statements::$lock;
        }
    )*};
}

targets! {
    Whole, FACTS_WORKSPACE, FACTS_WORKSPACE, false, |_this| None;
    Unopened, FACTS_UNOPENED, FACTS_UNOPENED, false, |_this| None;
    PersonTarget, FACTS_PERSON, LOCK_PERSON, false, |this| Some(this.0.uuid());
    PersonId, FACTS_PERSON, LOCK_PERSON, false, |this| Some(this.uuid());
    GroupId, FACTS_GROUP, LOCK_GROUP, false, |this| Some(this.uuid());
    ProcessId, FACTS_PROCESS, FACTS_PROCESS, true, |this| Some(this.uuid());
    RequestId, FACTS_REQUEST, LOCK_REQUEST, false, |this| Some(this.uuid());
    StreamId, FACTS_STREAM, LOCK_STREAM, false, |this| Some(this.uuid());
    TaskId, FACTS_TASK, LOCK_TASK, false, |this| Some(this.uuid());
}
