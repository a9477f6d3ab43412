//! Forward-only migrations: one change a file, embedded, and never edited once merged.
//!
//! Own code, about sixty lines, because it must check SHA-256 of the bytes, hold one advisory lock and run as one
//! role (decision 0002).

use tokio_postgres::Config;

use crate::database::{self, Server};
use crate::{Error, catalogue};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../migrations/", $name)))),*]
    };
}

/// The migrations, in order.
pub const FILES: &[(&str, &str)] = files![
    "0001_workspaces.sql",
    "0002_people.sql",
    "0003_credentials.sql",
    "0004_processes.sql",
    "0005_requests.sql",
    "0006_outbox.sql",
    "0007_audit.sql",
    "0008_claims.sql",
    "0009_one_record_table.sql",
    "0010_keys_to_hot_rows.sql",
    "0011_access_epoch.sql",
    "0012_due_by_workspace.sql",
    "0013_log.sql",
    "0014_cosignature.sql",
    "0015_due_by_key.sql",
    "0016_stream.sql",
    "0017_trail_by_time.sql",
    "0018_erasure.sql",
    "0019_keys_inside_an_act.sql",
    "0020_checkpoint_mail.sql",
    "0021_epoch.sql",
    "0022_end_of_workspace.sql",
];

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database said no.
    #[error("migration {file}: {source}")]
    Sql {
        /// The file, or a step's name.
        file: &'static str,
        /// What the driver said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A file that ran already has other bytes now.
    #[error(
        "migration {0} ran with other bytes than this binary carries; use the binary that belongs to this database"
    )]
    Changed(String),
    /// The database was made by a newer binary.
    #[error("the database has migration {0}, which this binary does not know; use the newer binary")]
    Newer(String),
    /// The catalogue check found something after the run.
    #[error("the catalogue check refuses the schema: {0}")]
    Catalogue(String),
    /// The database cannot be reached.
    #[error(transparent)]
    Reach(#[from] Error),
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS platform.migration (
  name text NOT NULL CONSTRAINT migration_pk PRIMARY KEY, sha256 bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// Brings the schema up to date as `countersign_migrate` and answers with the number of files that ran.
///
/// # Errors
/// [`MigrateError`], and then nothing of the failing file is in the database.
pub async fn migrate(server: &Server) -> Result<usize, MigrateError> {
    let failed = |file| move |source| MigrateError::Sql { file, source };
    let mut config = Config::new();
    server.reach(&mut config, "countersign_migrate");
    let (mut client, driver) = database::connect(config, server.tls.as_ref()).await.map_err(failed("connect"))?;
    client
        .batch_execute("SELECT pg_advisory_lock(7233391); SET ROLE countersign_owner")
        .await
        .map_err(failed("lock"))?;
    client.batch_execute(LEDGER).await.map_err(failed("platform.migration"))?;
    let done = client
        .query("SELECT name, sha256 FROM platform.migration ORDER BY name", &[])
        .await
        .map_err(failed("platform.migration"))?;
    for row in &done {
        let (name, hash): (String, Vec<u8>) = (row.get(0), row.get(1));
        let Some((_, text)) = FILES.iter().find(|(file, _)| *file == name) else {
            return Err(MigrateError::Newer(name));
        };
        if seal::sha256(text.as_bytes()).as_slice() != hash {
            return Err(MigrateError::Changed(name));
        }
    }
    let mut ran = 0;
    for (name, text) in FILES.iter().skip(done.len()) {
        let transaction = client.transaction().await.map_err(failed(name))?;
        transaction.batch_execute(text).await.map_err(failed(name))?;
        transaction
            .execute(
                "INSERT INTO platform.migration (name, sha256) VALUES ($1, $2)",
                &[name, &seal::sha256(text.as_bytes()).as_slice()],
            )
            .await
            .map_err(failed(name))?;
        transaction.commit().await.map_err(failed(name))?;
        ran += 1;
    }
    let found = catalogue::findings_of(&client).await.map_err(failed("catalogue check"))?;
    drop(client);
    driver.abort();
    match found.findings.first() {
        None => Ok(ran),
        Some(first) => Err(MigrateError::Catalogue(format!("{}: {}", first.object, first.why))),
    }
}
