//! The courier's side of the outbox: taking due effects, putting them back, marking them done.

use jiff::SignedDuration;

use crate::database::{self, Database};
use crate::policy::DeliverEffect;
use crate::record::Record;
use crate::scope::{Permit, ReadWrite, Scope};
use crate::{Error, OutboxId, WorkspaceId, statements};

/// Most effects taken in one go.
pub const BATCH_MAX: i64 = 48;
/// Seconds that a taken effect is the taker's own; a dead worker's come back after it.
const LOCK_S: f64 = 60.0;

/// A due effect, as far as the courier may see it.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its row.
    pub id: OutboxId,
    /// What it is.
    pub kind: String,
    /// Attempts, this one counted.
    pub attempts: i32,
    /// Attempts after which it is a dead letter.
    pub max_attempts: i32,
}

impl Database {
    /// Takes due effects, at most [`BATCH_MAX`], and locks them for a minute.
    ///
    /// Workspaces take turns, each with its oldest, so that no backlog of one makes another wait. A look passes 48
    /// workspaces at most, in a ring that begins at a place of chance, so that no place is always the last.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn take_due(&self) -> Result<Vec<Due>, Error> {
        self.take_due_from(uuid::Uuid::from_bytes(seal::random())).await
    }

    /// The same, the ring beginning at a place of one's own.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn take_due_from(&self, place: uuid::Uuid) -> Result<Vec<Due>, Error> {
        let client = self.worker().await?;
        let rows = database::query(&client, &statements::COURIER_TAKE, &[&LOCK_S, &place]).await?;
        let due = rows.iter().map(|row| Due {
            workspace: WorkspaceId::from_uuid(row.get(0)),
            id: OutboxId::from_uuid(row.get(1)),
            kind: row.get(2),
            attempts: row.get(3),
            max_attempts: row.get(4),
        });
        Ok(due.collect())
    }

    /// Puts an effect back for later, or, after its last attempt, among the dead letters.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn put_back(&self, due: &Due, error_code: &str, delay: SignedDuration) -> Result<(), Error> {
        let client = self.worker().await?;
        let state = if due.attempts >= due.max_attempts { "dead" } else { "due" };
        let (workspace, id, wait_s) = (due.workspace.uuid(), due.id.uuid(), delay.as_secs_f64());
        database::execute(&client, &statements::COURIER_FAIL, &[&workspace, &id, &wait_s, &state, &error_code]).await?;
        Ok(())
    }
}

impl Scope<ReadWrite> {
    /// The payload of a due effect, its row locked; nothing when it is done already.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn effect_payload(&mut self, id: OutboxId) -> Result<Option<String>, Error> {
        let row = self.maybe(&statements::OUTBOX_OPEN, &[&self.workspace().uuid(), &id.uuid()]).await?;
        Ok(row.map(|row| row.get(1)))
    }

    /// Marks an effect done, with its record.
    ///
    /// # Errors
    /// [`Error::Rows`] when it was done already.
    pub async fn effect_done(
        &mut self,
        permit: Permit<DeliverEffect>,
        id: OutboxId,
        record: Record,
    ) -> Result<(), Error> {
        let workspace = self.workspace().uuid();
        self.write(permit, record)?.execute_one(&statements::OUTBOX_DONE, &[&workspace, &id.uuid()]).await
    }
}
