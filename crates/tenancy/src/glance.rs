//! A glance: one row read without a scope, by a token that is known.

use std::sync::Arc;

use seal::WorkspaceKeys;
use tokio_postgres::Row;

use crate::database::Database;
use crate::desk::SEEN_FROM;
use crate::policy::Action;
use crate::scope::{self, Permit};
use crate::sql::Sql;
use crate::targets::Target;
use crate::{Credential, Error, WorkspaceId, faults};

/// A row that its reader may see, with the keys that open it.
pub struct Glance<A: Action> {
    /// The right to see it.
    pub permit: Permit<A>,
    /// The workspace's keys.
    pub keys: Arc<WorkspaceKeys>,
    /// The row.
    pub row: Row,
    /// Its first column behind the facts.
    pub from: usize,
}

impl<A: Action> std::fmt::Debug for Glance<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Glance")
    }
}

impl Database {
    /// Permits and reads one target in one statement, which is its own transaction and cannot write. The statement is as
    /// [`Scope::permit_by`](crate::Scope::permit_by) wants it.
    ///
    /// A token that a scope looked up is known until its workspace's access epoch moves, and whatever ends a token, a
    /// person or a right moves it; the statement says where it stands. Nothing where a scope is needed after all: the
    /// credential or its rights are not known, or the target is not there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what is hidden; [`Error::Forbidden`] for what may be seen but not done.
    pub async fn glance<A: Action>(
        &self,
        credential: Credential,
        workspace: WorkspaceId,
        target: A::Target,
        see: &'static Sql,
    ) -> Result<Option<Glance<A>>, Error> {
        // The switches that lead reads astray or widen rights live in the scope.
        if faults::any() {
            return Ok(None);
        }
        let (Credential::Token(hash), Some(id)) = (credential, target.id()) else { return Ok(None) };
        let Some(known) = self.inner.tokens.get(&(workspace, hash)) else { return Ok(None) };
        let Some(access) = self.access_of((workspace, known.person), known.epoch) else { return Ok(None) };
        let keys = scope::keys_for(self, credential, workspace).await?;
        let Some(seen) = self.read_together(workspace, known.person, id, see).await else { return Ok(None) };
        if !known.counts(seen.epoch, seen.now) || seen.row.get::<_, Option<bool>>(SEEN_FROM) != Some(true) {
            return Ok(None);
        }
        let resolved = self.use_known(workspace, credential, known, seen.now);
        if let Some(sign) = resolved.seen {
            self.touch(workspace, sign);
        }
        let from = SEEN_FROM + 1;
        let facts = scope::facts_of(&seen.row, from);
        let permit = scope::permitted::<A>(resolved.judge::<A>(&access, facts), target, facts, self.next_scope())?;
        Ok(Some(Glance { permit, keys, row: seen.row, from: from + scope::FACTS_COLUMNS }))
    }
}
