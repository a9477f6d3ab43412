//! Reading the deployment's log: every workspace may, for only so does it see that there is one history of it.

use crate::database::{self, Database, column, number};
use crate::log::DEPLOYMENT;
use crate::{Error, WorkspaceId, statements};

/// Most entries read at once.
const ENTRIES_MAX: i64 = 4096;

/// How the deployment's log stands.
#[derive(Debug, Clone)]
pub struct DeploymentHead {
    /// Epoch.
    pub epoch: i32,
    /// Leaves of the note.
    pub size: u64,
    /// The note that was signed last.
    pub checkpoint: String,
}

/// An entry, and of how many leaves the workspace's checkpoint is, where it is one of the workspace that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRow {
    /// Its index.
    pub index: u64,
    /// The entry.
    pub entry: String,
    /// Leaves of the asking workspace's own checkpoint.
    pub own_size: Option<u64>,
}

/// A workspace's own entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEntry {
    /// Its index.
    pub index: u64,
    /// Leaves of the checkpoint.
    pub size: u64,
    /// The entry.
    pub entry: String,
}

impl Database {
    /// How the deployment's log stands; nothing before its first entry.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_head(&self) -> Result<Option<DeploymentHead>, Error> {
        let client = self.integrator().await?;
        let row = database::query_opt(&client, &statements::DEPLOYMENT_HEAD, &[&DEPLOYMENT.uuid()]).await?;
        Ok(row.map(|row| DeploymentHead { epoch: row.get(0), size: number(row.get(1)), checkpoint: row.get(2) }))
    }

    /// Entries from an index on, at most 4,096. Whose they are is said of the asking workspace's own alone.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_entries(
        &self,
        asking: WorkspaceId,
        epoch: i32,
        from: u64,
    ) -> Result<Vec<DeploymentRow>, Error> {
        let client = self.integrator().await?;
        let from = column(from);
        let rows =
            database::query(&client, &statements::DEPLOYMENT_ENTRIES, &[&epoch, &from, &ENTRIES_MAX, &asking.uuid()])
                .await?;
        let row = |row: &tokio_postgres::Row| DeploymentRow {
            index: number(row.get(0)),
            entry: row.get(1),
            own_size: row.get::<_, Option<i64>>(2).map(number),
        };
        Ok(rows.iter().map(row).collect())
    }

    /// Seconds since the newest entry of the deployment's log; nothing before its first.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_age_s(&self) -> Result<Option<f64>, Error> {
        let client = self.integrator().await?;
        let row = database::query_opt(&client, &statements::DEPLOYMENT_AGE, &[]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// A workspace's newest checkpoint in the deployment's log.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_newest_of(&self, workspace: WorkspaceId, epoch: i32) -> Result<Option<OwnEntry>, Error> {
        let client = self.integrator().await?;
        let params: database::Params<'_> = &[&epoch, &workspace.uuid()];
        let row = database::query_opt(&client, &statements::DEPLOYMENT_ENTRY_OF, params).await?;
        Ok(row.map(|row| OwnEntry { index: number(row.get(0)), size: number(row.get(1)), entry: row.get(2) }))
    }
}
