//! Checkpoints that people have mailed to them every day, to keep where this installation cannot reach them.

use uuid::Uuid;

use crate::database::{self, Params};
use crate::policy::{MailCheckpoint, SeeTrail};
use crate::record::Record;
use crate::scope::{Mode, Permit, ReadWrite, Scope};
use crate::{Database, Error, PersonId, WorkspaceId, statements};

/// Most workspaces that one look finds.
const WORKSPACES_MAX: i64 = 100;
/// Most letters of one workspace at once; the rest is due at the next look.
pub const LETTERS_MAX: i64 = 100;

/// Has the newest checkpoint mailed to the actor every day, the first at once; or stops that.
///
/// # Errors
/// [`Error::Forbidden`] for who is no person; the general failures of a statement.
pub async fn set(scope: &mut Scope<ReadWrite>, permit: Permit<MailCheckpoint>, on: bool) -> Result<(), Error> {
    let (workspace, person) = (scope.workspace().uuid(), scope.person()?.uuid());
    let writer = scope.write(permit, Record::about(person).with("daily", if on { "on" } else { "off" }))?;
    match on {
        true => writer.execute(&statements::CHECKPOINT_MAIL_SET, &[&workspace, &person]).await?,
        false => writer.execute(&statements::CHECKPOINT_MAIL_UNSET, &[&workspace, &vec![person]]).await?,
    };
    Ok(())
}

/// Whether the actor has it mailed.
///
/// # Errors
/// [`Error::Forbidden`] for who is no person; the general failures of a query.
pub async fn is_set<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<bool, Error> {
    let params: Params<'_> = &[&scope.workspace().uuid(), &scope.person()?.uuid()];
    Ok(scope.one(&statements::CHECKPOINT_MAIL_OF, params).await?.get(0))
}

/// To whom a letter is due, locked, at most [`LETTERS_MAX`].
///
/// # Errors
/// The general failures of a query.
pub async fn due(scope: &Scope<ReadWrite>, _permit: &Permit<SeeTrail>) -> Result<Vec<PersonId>, Error> {
    let rows = scope.rows(&statements::CHECKPOINT_MAIL_TAKE, &[&scope.workspace().uuid(), &LETTERS_MAX]).await?;
    Ok(rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect())
}

/// Moves on after the letters to some were written, and forgets others; part of an act that registered its record.
///
/// # Errors
/// [`Error::Integrity`] when no act did; the general failures of a statement.
pub async fn written(scope: &mut Scope<ReadWrite>, to: &[PersonId], forgotten: &[PersonId]) -> Result<(), Error> {
    let workspace = scope.workspace().uuid();
    let [to, forgotten] = [to, forgotten].map(|ids| ids.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>());
    let writer = scope.again()?;
    writer.execute(&statements::CHECKPOINT_MAIL_NEXT, &[&workspace, &to]).await?;
    writer.execute(&statements::CHECKPOINT_MAIL_UNSET, &[&workspace, &forgotten]).await.map(drop)
}

impl Database {
    /// Workspaces in which a letter is due, at most 100.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn checkpoints_due(&self) -> Result<Vec<WorkspaceId>, Error> {
        let client = self.worker().await?;
        let rows = database::query(&client, &statements::STREAMER_CHECKPOINTS, &[&WORKSPACES_MAX]).await?;
        Ok(rows.iter().map(|row| WorkspaceId::from_uuid(row.get(0))).collect())
    }
}
