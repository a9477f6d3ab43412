//! The end of a workspace: the order, and its carrying out.
//!
//! Steps, each of which can be repeated: the order, with days in which everything goes on and it can be taken back; the
//! closing, the workspace's last record; the keeping of the log's last checkpoint; the destruction of every key; the
//! deletion of every row; a certificate. Behind the destruction there is no key to seal a record of the workspace's own with: what
//! is done then is recorded in the platform's log. The row of the order outlives all others and holds no content.

use jiff::Timestamp;
use seal::DestroyedWorkspace;
use tokio_postgres::Row;

use crate::database::{self, Params, column, number};
use crate::policy::{CancelEnd, CloseWorkspace, EraseWorkspace, OrderEnd, SeeHome, ShredWorkspace};
use crate::record::Record;
use crate::scope::{Mode, Permit, ReadWrite, Scope};
use crate::sql::Sql;
use crate::{Channel, Credential, Database, Error, Internal, Origin, WorkspaceId, statements};

/// Most days between an order and its being due.
pub const DAYS_MAX: u8 = 30;
/// Most ends that a list shows.
pub const LISTED_MAX: i64 = 1000;
/// Most rows that one transaction deletes.
const AT_ONCE_MAX: i32 = 10_000;
/// Seconds after the closing in which a transaction that was under way ends, or is ended by its bounds.
const QUIET_S: f64 = 15.0;

/// Why the end of a workspace was not ordered, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// The platform's own workspace has no end but the installation's.
    #[error("this is the installation's own workspace; it cannot end")]
    Platform,
    /// More days than [`DAYS_MAX`].
    #[error("a workspace ends at most {DAYS_MAX} days after the order")]
    Days,
    /// It was ordered before.
    #[error("the end of this workspace is ordered already")]
    Ordered,
    /// There is nothing that could be taken back.
    #[error("no end is ordered, or the workspace is closed already")]
    Nothing,
    /// The general failures.
    #[error(transparent)]
    Tenancy(Error),
}

impl From<Error> for EndError {
    fn from(error: Error) -> Self {
        match error {
            Error::Constraint(name) if name == "workspace_end_pk" => Self::Ordered,
            other => Self::Tenancy(other),
        }
    }
}

/// An order, as the workspace's own people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// When it was ordered.
    pub at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
}

/// Orders the end of the scope's workspace, so many days from now.
///
/// # Errors
/// [`EndError`].
pub async fn order(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<OrderEnd>,
    platform: WorkspaceId,
    days: u8,
) -> Result<Ordered, EndError> {
    let workspace = scope.workspace();
    if workspace == platform {
        return Err(EndError::Platform);
    }
    if days > DAYS_MAX {
        return Err(EndError::Days);
    }
    let writer = scope.write(permit, Record::about(workspace.uuid()).with("days", days))?;
    writer.execute_one(&statements::ENDING_ORDER, &[&workspace.uuid(), &i32::from(days)]).await?;
    Ok(standing(scope).await?.ok_or(Error::NotFound)?)
}

/// Takes an order back that was not begun.
///
/// # Errors
/// [`EndError::Nothing`]; the general failures.
pub async fn cancel(scope: &mut Scope<ReadWrite>, permit: Permit<CancelEnd>) -> Result<(), EndError> {
    let workspace = scope.workspace().uuid();
    let writer = scope.write(permit, Record::about(workspace))?;
    match writer.execute_one(&statements::ENDING_CANCEL, &[&workspace]).await {
        Err(Error::Rows { found: 0, .. }) => Err(EndError::Nothing),
        other => Ok(other?),
    }
}

/// The order that stands, which everybody who belongs here may know of.
///
/// # Errors
/// The general failures of a query.
pub async fn of<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeHome>) -> Result<Option<Ordered>, Error> {
    standing(scope).await
}

async fn standing<M: Mode>(scope: &Scope<M>) -> Result<Option<Ordered>, Error> {
    let row = scope.maybe(&statements::ENDING_OF, &[&scope.workspace().uuid()]).await?;
    Ok(row.map(|row| Ordered { at: row.get(0), due_at: row.get(1) }))
}

/// How far an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It is due.
    Due,
    /// The workspace is closed; its last records get their places in the log.
    Closed,
    /// The log's last checkpoint is kept.
    Kept,
    /// The keys are destroyed.
    Shredded,
    /// The rows are deleted, and the certificate is made.
    Erased,
}

/// What is kept of the log before the keys go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The newest checkpoint; empty when there never was one.
    pub checkpoint: String,
    /// Whether it is the last one for good.
    pub is_final: bool,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When the end was ordered, the workspace closed, its keys destroyed and its rows deleted.
    pub times: [Timestamp; 4],
    /// Keys there were.
    pub keys: i32,
    /// See [`DestroyedWorkspace::digest`].
    pub digest: Vec<u8>,
    /// Rows that were deleted.
    pub rows: u64,
    /// The log's last checkpoint, a signed note; empty when there never was one.
    pub checkpoint: String,
}

/// A workspace that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its id, which nobody else gets.
    pub workspace: WorkspaceId,
    /// When the last row was deleted.
    pub erased_at: Timestamp,
    /// The certificate.
    pub certificate: String,
    /// The log's last checkpoint.
    pub checkpoint: String,
    /// The key that it is signed with; empty when the keys were gone before it could be told.
    pub vkey: String,
    /// Epoch and index of the certificate's entry in the deployment's log.
    pub entry: Option<(i32, u64)>,
}

impl Ended {
    fn read(row: &Row) -> Self {
        Self {
            workspace: WorkspaceId::from_uuid(row.get(0)),
            erased_at: row.get(1),
            certificate: row.get(2),
            checkpoint: row.get::<_, Option<String>>(3).unwrap_or_default(),
            vkey: row.get::<_, Option<String>>(4).unwrap_or_default(),
            entry: row.get::<_, Option<i32>>(5).zip(row.get::<_, Option<i64>>(6).map(number)),
        }
    }
}

impl Database {
    /// Ends that are due or under way, at most 100; with `late` also those of the last day.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn endings(&self, late: bool) -> Result<Vec<(WorkspaceId, Stage)>, Error> {
        let client = self.custody().await?;
        let rows = database::query(&client, &statements::CUSTODY_ENDINGS, &[&late]).await?;
        let stage = |row: &Row| match [1, 2, 3, 4].map(|at| row.get::<_, bool>(at)) {
            [_, _, _, true] => Stage::Erased,
            [_, _, true, _] => Stage::Shredded,
            [_, true, _, _] => Stage::Kept,
            [true, _, _, _] => Stage::Closed,
            _ => Stage::Due,
        };
        Ok(rows.iter().map(|row| (WorkspaceId::from_uuid(row.get(0)), stage(row))).collect())
    }

    /// Closes a workspace whose end is due: nobody gets in any more, and the record of it is its last.
    ///
    /// # Errors
    /// [`Error::Rows`] when the order was taken back meanwhile; the general failures.
    pub async fn close_workspace(&self, workspace: WorkspaceId) -> Result<(), Error> {
        let mut scope = self.custodian(workspace).await?;
        let permit = scope.permit::<CloseWorkspace>(crate::Whole).await?;
        let writer = scope.write(permit, Record::about(workspace.uuid()))?;
        writer.execute_one(&statements::CUSTODY_CLOSE, &[&workspace.uuid()]).await?;
        writer.execute_one(&statements::CUSTODY_END_STATE, &[&workspace.uuid()]).await?;
        scope.commit().await.map(|_committed| ())
    }

    /// Closes a workspace again that a restored database holds though its keys were destroyed.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn close_again(&self, workspace: WorkspaceId) -> Result<(), Error> {
        self.custody_in(workspace, &statements::CUSTODY_END_AGAIN, &[&workspace.uuid()]).await.map(|_| ())
    }

    /// The newest checkpoint of a closed workspace's log.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn last_checkpoint(&self, workspace: WorkspaceId) -> Result<Option<Last>, Error> {
        let params: Params<'_> = &[&workspace.uuid(), &QUIET_S];
        let rows = self.custody_in(workspace, &statements::CUSTODY_LAST, params).await?;
        let last =
            |row: &Row| Last { checkpoint: row.get::<_, Option<String>>(0).unwrap_or_default(), is_final: row.get(1) };
        Ok(rows.first().map(last))
    }

    /// Keeps the log's last checkpoint and the key that it is signed with.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn keep_last(&self, workspace: WorkspaceId, checkpoint: &str, vkey: &str) -> Result<(), Error> {
        let params: Params<'_> = &[&workspace.uuid(), &checkpoint, &vkey];
        self.custody_in(workspace, &statements::CUSTODY_KEEP_LAST, params).await.map(|_| ())
    }

    /// Destroys every key of a workspace whose last checkpoint is kept; the record of it is in the platform's log.
    ///
    /// # Errors
    /// The general failures; then it is tried again, whatever of it was done.
    pub async fn shred_workspace(&self, platform: WorkspaceId, workspace: WorkspaceId) -> Result<(), Error> {
        let destroy = move |vault: &seal::Vault| vault.destroy_workspace(workspace.bytes());
        let destroyed: DestroyedWorkspace = self.with_vault(destroy).await?;
        let mut scope = self.custodian(platform).await?;
        let permit = scope.permit::<ShredWorkspace>(crate::Whole).await?;
        let record = Record::about(workspace.uuid())
            .with("keys", destroyed.keys)
            .with("commitments", data_encoding::HEXLOWER.encode(&destroyed.digest));
        let keys = i32::try_from(destroyed.keys).map_err(|_| Error::Integrity("count of keys"))?;
        let params: Params<'_> = &[&workspace.uuid(), &keys, &destroyed.digest.as_slice()];
        scope.write(permit, record)?.execute_one(&statements::CUSTODY_END_SHREDDED, params).await?;
        scope.commit().await.map(|_committed| ())
    }

    /// Deletes rows of a workspace whose keys were destroyed, at most 10,000 but for its people; says how many.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn delete_rows(&self, workspace: WorkspaceId) -> Result<u64, Error> {
        let rows = self.custody_in(workspace, &statements::CUSTODY_END_ROWS, &[&AT_ONCE_MAX]).await?;
        let deleted = rows.first().map_or(0, |row| number(row.get(0)));
        if deleted > 0 {
            let params: Params<'_> = &[&workspace.uuid(), &column(deleted)];
            self.custody_in(workspace, &statements::CUSTODY_END_COUNT, params).await?;
        }
        Ok(deleted)
    }

    /// Writes the certificate of a workspace whose rows are all deleted; the record of it is in the platform's log.
    ///
    /// # Errors
    /// [`Error::NotFound`] when another node did; the general failures.
    pub async fn certify_end(
        &self,
        platform: WorkspaceId,
        workspace: WorkspaceId,
        write: impl FnOnce(&Told) -> String + Send,
    ) -> Result<(), Error> {
        let mut scope = self.custodian(platform).await?;
        let row = scope.maybe(&statements::CUSTODY_END_TOLD, &[&workspace.uuid()]).await?.ok_or(Error::NotFound)?;
        let told = Told {
            times: [0, 1, 2, 3].map(|at| row.get(at)),
            keys: row.get(4),
            digest: row.get(5),
            rows: number(row.get(6)),
            checkpoint: row.get::<_, Option<String>>(7).unwrap_or_default(),
        };
        let certificate = write(&told);
        let permit = scope.permit::<EraseWorkspace>(crate::Whole).await?;
        let record = Record::about(workspace.uuid())
            .with("rows", told.rows)
            .with("certificate", data_encoding::HEXLOWER.encode(&seal::sha256(certificate.as_bytes())));
        let params: Params<'_> = &[&workspace.uuid(), &told.times[3], &certificate];
        scope.write(permit, record)?.execute_one(&statements::CUSTODY_END_ERASED, params).await?;
        scope.commit().await.map(|_committed| ())
    }

    /// A workspace that is no more.
    ///
    /// # Errors
    /// [`Error::NotFound`]; the general failures of a query.
    pub async fn ended(&self, workspace: WorkspaceId) -> Result<Ended, Error> {
        let client = self.integrator().await?;
        let row = database::query_opt(&client, &statements::ENDED_ONE, &[&workspace.uuid()]).await?;
        row.as_ref().map(Ended::read).ok_or(Error::NotFound)
    }

    /// Workspaces that are no more, the newest first; at most [`LISTED_MAX`].
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn all_ended(&self) -> Result<Vec<Ended>, Error> {
        let client = self.integrator().await?;
        let rows = database::query(&client, &statements::ENDED_LIST, &[&LISTED_MAX]).await?;
        Ok(rows.iter().map(Ended::read).collect())
    }

    /// A scope of the custodian's.
    pub(crate) async fn custodian(&self, workspace: WorkspaceId) -> Result<Scope<ReadWrite>, Error> {
        let custodian = Credential::Internal(Internal::Custodian);
        self.scope(custodian, workspace, Origin::internal(Channel::Worker)).await
    }

    /// One statement as the custodian in a workspace whose keys may be gone, in a transaction of its own.
    async fn custody_in(
        &self,
        workspace: WorkspaceId,
        sql: &'static Sql,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Error> {
        let client = self.custody().await?;
        let begin = format!("BEGIN; SET LOCAL app.workspace_id = '{workspace}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let rows = database::query(&client, sql, params).await;
        // Behind a failure this rolls back.
        let ended = client.batch_execute("COMMIT").await.map_err(|error| Error::from_driver("commit", error));
        let rows = rows?;
        ended.map(|()| rows)
    }
}
