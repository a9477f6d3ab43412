//! The integrator's side of the trail: one tick is one transaction that gives records their leaves.
//!
//! A tick takes the whole cut: every record whose transaction ended before the oldest that still runs. A cursor on the
//! records' numbers would pass a slow transaction's record for ever; the cut shows neither it nor anything later, until
//! it has ended. The transaction has one snapshot (`REPEATABLE READ`), so the cut, its rows and the cursor that is
//! stored agree. Nothing here knows a hash: `ledger` builds entries and trees.

use std::sync::Arc;

use deadpool_postgres::Object;
use seal::{Purpose, WorkspaceKeys};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{self, Database, Params, column, number};
use crate::epoch::Stand;
use crate::sql::Sql;
use crate::{Error, RecordId, WorkspaceId, statements};

/// Most records read at once; a tick reads as many times as it takes.
pub const PIECE_MAX: usize = 4096;
pub(crate) const PIECE: i64 = 4096;
/// Most checkpoints that one tick enters into the deployment's log; the rest wait for the next.
pub const ANCHORED_AT_ONCE_MAX: usize = 1000;

/// The workspace under which the deployment's own log has its head and tiles: none.
pub const DEPLOYMENT: WorkspaceId = WorkspaceId::from_uuid(Uuid::nil());

/// The names of the logs: fixed when the first tick ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Host of the installation, as it was then.
    pub host: String,
    /// Counts up when a log must not be continued: after a restore.
    pub epoch: i32,
}

/// A record without a leaf, as far as the integrator may see it: commitments, no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitments {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its place in the order of acts; there may be gaps.
    pub order: i64,
    /// Its id.
    pub id: RecordId,
    /// When, in microseconds since 1970, by the database's clock.
    pub at_us: i64,
    /// The act's code.
    pub action: String,
    /// Retention class.
    pub class: i16,
    /// Bit mask of the fields that have a digest.
    pub fields: i16,
    /// 32 bytes a field.
    pub digests: Vec<u8>,
}

impl Commitments {
    /// Reads the columns of `log_waiting.sql` from the one given on.
    pub(crate) fn from_row(row: &Row, at: usize) -> Self {
        Self {
            workspace: WorkspaceId::from_uuid(row.get(at)),
            order: row.get(at + 1),
            id: RecordId::from_uuid(row.get(at + 2)),
            at_us: row.get(at + 3),
            action: row.get(at + 4),
            class: row.get(at + 5),
            fields: row.get(at + 6),
            digests: row.get(at + 7),
        }
    }
}

/// How a log stands in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// The frontier, as `tlog` writes it.
    pub frontier: Vec<u8>,
    /// The note that was signed last.
    pub checkpoint: Option<String>,
    /// Leaves of that note.
    pub signed_size: u64,
    /// Leaves that the deployment's log knows of.
    pub anchored_size: u64,
}

/// A leaf to be stored.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Its index.
    pub index: u64,
    /// The record's number.
    pub order: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// An entry of the deployment's log to be stored.
#[derive(Debug, Clone)]
pub struct DeploymentEntry {
    /// Its index.
    pub index: u64,
    /// Whose checkpoint it is, and of how many leaves; nobody's for a heartbeat.
    pub of: Option<(WorkspaceId, u64)>,
    /// The entry.
    pub entry: String,
    /// Its leaf's hash.
    pub hash: [u8; 32],
}

/// Hashes to be put behind those of a tile of level 1 or higher.
#[derive(Debug, Clone)]
pub struct TilePart {
    /// Level, in tiles.
    pub level: u8,
    /// Index from the left.
    pub index: u64,
    /// Hashes, one after the other.
    pub hashes: Vec<u8>,
}

/// A tick: a transaction as `countersign_integrator`. Dropped without [`Tick::commit`], it changed nothing.
pub struct Tick {
    client: Option<Object>,
    database: Database,
    /// The logs' names.
    pub names: Names,
    /// What tells this database from another and from its own past.
    pub stand: Stand,
    cut: u64,
}

impl std::fmt::Debug for Tick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tick({:?})", self.names)
    }
}

impl Database {
    /// Whether a tick has something to do: one look without a transaction id. The names of the logs are fixed by the
    /// first tick; until then the host given is theirs.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn log_is_behind(&self) -> Result<bool, Error> {
        let client = self.integrator().await?;
        let rows = database::query(&client, &statements::LOG_IS_BEHIND, &[]).await?;
        Ok(rows.first().is_none_or(|row| row.get(0)))
    }

    /// Whether any log was begun.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn logs_begun(&self) -> Result<bool, Error> {
        let client = self.integrator().await?;
        let row = database::query_opt(&client, &statements::LOG_BEGUN, &[]).await?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Begins a tick; nothing when another node is at it. Where no log was begun, they begin with this epoch.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn tick(&self, host: &str, first_epoch: i32) -> Result<Option<Tick>, Error> {
        let client = self.integrator().await?;
        let failed = |error| Error::from_driver("tick", error);
        database::execute(&client, &statements::LOG_BEGIN, &[&host, &first_epoch]).await?;
        let mut tick = Tick {
            client: Some(client),
            database: self.clone(),
            names: Names { host: String::new(), epoch: 0 },
            stand: Stand { system: 0, timeline: 0, epoch: 0, cursor: 0 },
            cut: 0,
        };
        tick.client()?.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(failed)?;
        let is_ours: bool = tick.one(&statements::LOG_LOCK, &[]).await?.get(0);
        if !is_ours {
            tick.end("ROLLBACK").await?;
            return Ok(None);
        }
        let row = tick.one(&statements::LOG_CURSOR, &[]).await?;
        tick.names = Names { epoch: row.get(0), host: row.get(1) };
        let number = |at: usize| row.get::<_, &str>(at).parse().map_err(|_| Error::Integrity("a transaction's number"));
        let timeline = u32::from_str_radix(row.get(5), 16).map_err(|_| Error::Integrity("the server's timeline"))?;
        tick.stand = Stand { system: row.get(4), timeline, epoch: row.get(0), cursor: number(2)? };
        tick.cut = number(3)?;
        tick.client()?.batch_execute(statements::LOG_WAITING.text()).await.map_err(failed)?;
        Ok(Some(tick))
    }
}

impl Tick {
    /// The next records of the cut, at most [`PIECE_MAX`], by workspace and in the order of acts; none at its end.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn waiting(&self) -> Result<Vec<Commitments>, Error> {
        let fetch = format!("FETCH {PIECE_MAX} FROM waiting");
        let rows = self.client()?.query(&fetch, &[]).await.map_err(|error| Error::from_driver("fetch", error))?;
        Ok(rows.iter().map(|row| Commitments::from_row(row, 0)).collect())
    }

    /// How a log stands.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn head(&self, log: WorkspaceId) -> Result<Head, Error> {
        let rows = self.query(&statements::LOG_HEAD, &[&log.uuid(), &self.names.epoch]).await?;
        let head = rows.first().map(|row| Head {
            size: number(row.get(0)),
            frontier: row.get(1),
            signed_size: number(row.get(2)),
            checkpoint: row.get(3),
            anchored_size: number(row.get(4)),
        });
        Ok(head.unwrap_or_default())
    }

    /// Stores how a log stands; `is_signed` when the note is a new one.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn store_head(&self, log: WorkspaceId, head: &Head, is_signed: bool) -> Result<(), Error> {
        let (size, signed, anchored) = (column(head.size), column(head.signed_size), column(head.anchored_size));
        self.execute(
            &statements::LOG_STORE_HEAD,
            &[&log.uuid(), &self.names.epoch, &size, &head.frontier, &signed, &head.checkpoint, &is_signed, &anchored],
        )
        .await
    }

    /// Stores leaves of a workspace.
    ///
    /// # Errors
    /// [`Error::Constraint`] when a record has a leaf already; the general failures of a statement.
    pub async fn store_leaves(&self, workspace: WorkspaceId, leaves: &[Leaf]) -> Result<(), Error> {
        let indexes: Vec<i64> = leaves.iter().map(|leaf| column(leaf.index)).collect();
        let orders: Vec<i64> = leaves.iter().map(|leaf| leaf.order).collect();
        let hashes: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.hash.as_slice()).collect();
        let params: Params<'_> = &[&workspace.uuid(), &self.names.epoch, &indexes, &orders, &hashes];
        self.execute(&statements::LOG_LEAVES, params).await
    }

    /// Puts hashes behind those of tiles.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn grow_tiles(&self, log: WorkspaceId, parts: &[TilePart]) -> Result<(), Error> {
        for part in parts {
            let (level, index) = (i16::from(part.level), column(part.index));
            let params: Params<'_> = &[&log.uuid(), &self.names.epoch, &level, &index, &part.hashes];
            self.execute(&statements::LOG_TILE, params).await?;
        }
        Ok(())
    }

    /// Checkpoints that the deployment's log does not know of yet: workspace, leaves, note; at most
    /// [`ANCHORED_AT_ONCE_MAX`].
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn unanchored(&self) -> Result<Vec<(WorkspaceId, u64, String)>, Error> {
        let rows = self.query(&statements::LOG_UNANCHORED, &[&self.names.epoch, &DEPLOYMENT.uuid()]).await?;
        Ok(rows.iter().map(|row| (WorkspaceId::from_uuid(row.get(0)), number(row.get(1)), row.get(2))).collect())
    }

    /// Certificates of ended workspaces that the deployment's log does not hold: workspace and text; at most 1,000.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn uncertified(&self) -> Result<Vec<(WorkspaceId, String)>, Error> {
        let rows = self.query(&statements::LOG_UNCERTIFIED, &[&self.names.epoch]).await?;
        Ok(rows.iter().map(|row| (WorkspaceId::from_uuid(row.get(0)), row.get(1))).collect())
    }

    /// Notes where certificates stand in the deployment's log.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn certified(&self, at: &[(WorkspaceId, u64)]) -> Result<(), Error> {
        let (of, indexes): (Vec<Uuid>, Vec<i64>) = at.iter().map(|(of, index)| (of.uuid(), column(*index))).unzip();
        self.execute(&statements::LOG_CERTIFIED, &[&self.names.epoch, &of, &indexes]).await
    }

    /// Seconds since the newest entry of the deployment's log, nothing before its first; and now, in microseconds since
    /// 1970. Both by the database's clock.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn silence(&self) -> Result<(Option<f64>, i64), Error> {
        let row = self.one(&statements::LOG_LAST_ENTRY, &[&self.names.epoch]).await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Stores entries of the deployment's log, and of whom it knows by them.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn store_entries(&self, entries: &[DeploymentEntry]) -> Result<(), Error> {
        let indexes: Vec<i64> = entries.iter().map(|entry| column(entry.index)).collect();
        let of: Vec<Option<Uuid>> = entries.iter().map(|entry| entry.of.map(|(of, _)| of.uuid())).collect();
        let sizes: Vec<Option<i64>> = entries.iter().map(|entry| entry.of.map(|(_, size)| column(size))).collect();
        let texts: Vec<&str> = entries.iter().map(|entry| entry.entry.as_str()).collect();
        let hashes: Vec<&[u8]> = entries.iter().map(|entry| entry.hash.as_slice()).collect();
        let params: Params<'_> = &[&self.names.epoch, &indexes, &of, &sizes, &texts, &hashes];
        self.execute(&statements::LOG_DEPLOYMENT, params).await?;
        let known: Vec<(Uuid, i64)> =
            entries.iter().filter_map(|entry| entry.of.map(|(of, size)| (of.uuid(), column(size)))).collect();
        let (of, sizes): (Vec<Uuid>, Vec<i64>) = known.into_iter().unzip();
        self.execute(&statements::LOG_ANCHORED, &[&self.names.epoch, &of, &sizes]).await
    }

    /// The keys of a workspace with its key for checkpoints, made when it has none.
    ///
    /// # Errors
    /// [`Error::Seal`] when they cannot be read.
    pub async fn signing_keys(&self, workspace: WorkspaceId) -> Result<Arc<WorkspaceKeys>, Error> {
        let keys = self.database.keys(workspace).await?;
        if keys.find_key(Purpose::Checkpoint, [0; 16]).is_some() {
            return Ok(keys);
        }
        let made = move |vault: &seal::Vault| {
            vault.create_key(workspace.bytes(), Purpose::Checkpoint, [0; 16])?;
            vault.workspace(workspace.bytes())
        };
        self.database.with_vault(made).await
    }

    /// Moves the cursor to the cut and commits: how the database stands now. Only then may what was signed be shown to
    /// anybody.
    ///
    /// # Errors
    /// [`Error::Busy`] when another node was faster; the general failures of a statement.
    pub async fn commit(mut self) -> Result<Stand, Error> {
        self.execute(&statements::LOG_ADVANCE, &[]).await?;
        self.end("COMMIT").await?;
        Ok(Stand { epoch: self.names.epoch, cursor: self.cut, ..self.stand })
    }

    /// Commits and leaves the cursor where it is: for what is told of the past.
    ///
    /// # Errors
    /// As [`Tick::commit`].
    pub async fn keep(mut self) -> Result<Stand, Error> {
        self.end("COMMIT").await?;
        Ok(Stand { epoch: self.names.epoch, ..self.stand })
    }

    /// Ends a tick that only looked.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn leave(mut self) -> Result<(), Error> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, how: &str) -> Result<(), Error> {
        let ended = self.client()?.batch_execute(how).await.map_err(|error| Error::from_driver("end", error));
        if ended.is_ok() {
            drop(self.client.take());
        }
        ended
    }

    fn client(&self) -> Result<&Object, Error> {
        self.client.as_ref().ok_or(Error::Integrity("a tick that ended was used"))
    }
    pub(crate) async fn query(&self, sql: &'static Sql, params: Params<'_>) -> Result<Vec<Row>, Error> {
        database::query(self.client()?, sql, params).await
    }
    async fn one(&self, sql: &'static Sql, params: Params<'_>) -> Result<Row, Error> {
        database::query_opt(self.client()?, sql, params).await?.ok_or(Error::NotFound)
    }
    pub(crate) async fn execute(&self, sql: &'static Sql, params: Params<'_>) -> Result<(), Error> {
        database::execute(self.client()?, sql, params).await.map(|_| ())
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        // Its transaction is open: the connection ends, and with it what was begun.
        if let Some(client) = self.client.take() {
            database::discard(client);
        }
    }
}
