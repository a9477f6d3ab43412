//! What outside witnesses said of the deployment's log, and what they are shown of it.

use jiff::Timestamp;

use crate::database::{self, Database, column, number};
use crate::log::DEPLOYMENT;
use crate::{Error, statements};

/// Most witnesses of an installation.
pub const WITNESSES_MAX: usize = 8;

/// The newest cosignature of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's key, in its text form.
    pub vkey: String,
    /// The witness's name.
    pub name: String,
    /// Leaves of the checkpoint.
    pub size: u64,
    /// The checkpoint's note, as the log signed it.
    pub note: String,
    /// The cosignature's line, with its end.
    pub line: String,
    /// When it came, by the database's clock; nothing before it is stored.
    pub cosigned_at: Option<Timestamp>,
}

impl Database {
    /// The newest cosignature of each witness, at most [`WITNESSES_MAX`].
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn cosignatures(&self, epoch: i32) -> Result<Vec<Cosignature>, Error> {
        let client = self.integrator().await?;
        let most = column(WITNESSES_MAX as u64);
        let rows = database::query(&client, &statements::LOG_COSIGNATURES, &[&epoch, &most]).await?;
        let row = |row: &tokio_postgres::Row| Cosignature {
            vkey: row.get(0),
            name: row.get(1),
            size: number(row.get(2)),
            note: row.get(3),
            line: row.get(4),
            cosigned_at: row.get(5),
        };
        Ok(rows.iter().map(row).collect())
    }

    /// Stores a witness's newest cosignature; one of fewer leaves than it has changes nothing.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn store_cosignature(&self, epoch: i32, newest: &Cosignature) -> Result<(), Error> {
        let client = self.integrator().await?;
        let size = column(newest.size);
        let params: database::Params<'_> = &[&epoch, &newest.vkey, &newest.name, &size, &newest.note, &newest.line];
        database::execute(&client, &statements::LOG_STORE_COSIGNATURE, params).await.map(|_| ())
    }

    /// Removes what witnesses said that have none of these keys.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn forget_cosignatures(&self, but_of: &[String]) -> Result<(), Error> {
        let client = self.integrator().await?;
        database::execute(&client, &statements::LOG_FORGET_COSIGNATURES, &[&but_of]).await.map(|_| ())
    }

    /// Hashes of the deployment's leaves from one index to before another, at most a tile of them.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_hashes(&self, epoch: i32, from: u64, to: u64) -> Result<Vec<u8>, Error> {
        let client = self.integrator().await?;
        let [from, to] = [column(from), column(to.min(from.saturating_add(256)))];
        let rows = database::query(&client, &statements::LOG_ENTRY_HASHES, &[&epoch, &from, &to]).await?;
        Ok(rows.iter().flat_map(|row| row.get::<_, Vec<u8>>(0)).collect())
    }

    /// The hashes of a tile of level 1 or higher of the deployment's log, as many as there are.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_tile(&self, epoch: i32, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        let client = self.integrator().await?;
        let (level, index) = (i16::from(level), column(index));
        let params: database::Params<'_> = &[&DEPLOYMENT.uuid(), &epoch, &level, &index];
        let row = database::query_opt(&client, &statements::LOG_TILE_DATA, params).await?;
        Ok(row.map(|row| row.get(0)))
    }
}
