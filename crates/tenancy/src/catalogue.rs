//! The live check of the catalogue: what row level security, grants and keys look like right now.

#![expect(clippy::disallowed_types, reason = "tenancy is the room that owns connections")]

use crate::{Database, Error, Sql};

/// What the check found, and over how many tables.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Everything that is wrong; empty is good.
    pub findings: Vec<Finding>,
    /// Tables the application's role can reach.
    pub tables: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The object.
    pub object: String,
    /// What is wrong with it.
    pub why: String,
}

/// Columns of the audit table that the application may insert, and what it may do else, exactly.
const CHECK: Sql = Sql::from_file("catalogue_check.sql", include_str!("../sql/catalogue_check.sql"));
const TABLES: Sql = Sql::from_file("catalogue_tables.sql", include_str!("../sql/catalogue_tables.sql"));
const AUDIT: Sql = Sql::from_file("catalogue_audit.sql", include_str!("../sql/catalogue_audit.sql"));

pub(crate) async fn findings_of(client: &tokio_postgres::Client) -> Result<Catalogue, tokio_postgres::Error> {
    let schemas: &[&str] = &["countersign", "audit", "platform", "ext", "public"];
    let mut findings: Vec<Finding> = Vec::new();
    for text in [CHECK.text(), AUDIT.text()] {
        let statement = client.prepare(text).await?;
        let rows = client.query(&statement, &[&schemas, &"countersign_app"]).await?;
        findings.extend(rows.iter().map(|row| Finding { object: row.get(0), why: row.get(1) }));
    }
    let tables: i64 = client.query_one(TABLES.text(), &[&schemas, &"countersign_app"]).await?.get(0);
    Ok(Catalogue { findings, tables: u64::try_from(tables).unwrap_or(0) })
}

impl Database {
    /// Runs the check as `countersign_probe`, which sees the catalogue and nothing else.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn catalogue(&self) -> Result<Catalogue, Error> {
        let client = self.probe().await?;
        findings_of(&client).await.map_err(|error| Error::from_driver("catalogue_check.sql", error))
    }
}
