//! A new epoch of the logs after a restore: what the database says of itself, and telling every record again.
//!
//! A database that was put back goes on where it was, and what was signed since is contradicted by what it signs next. So a
//! log is never continued then: another epoch begins, under another name, and each surviving record gets a leaf there
//! (decision 0018). Nothing here decides that it is time to; `ledger` does, by a mark outside of the database.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{Params, column, number};
use crate::log::{Commitments, DEPLOYMENT, Tick};
use crate::policy::{OpenEpoch, SeeTrail};
use crate::record::Record;
use crate::scope::{Mode, Permit, Scope};
use crate::{Channel, Credential, Database, Error, Internal, Origin, RecordId, Whole, WorkspaceId, statements};

/// Most logs that are read at once while an epoch is opened.
pub const LOGS_MAX: i64 = 1000;
/// Most openings of one log that are listed, newest first.
pub const OPENINGS_MAX: i64 = 100;
const OPENING_ID: &[u8] = b"countersign/epoch/opening/v1\0";

/// What tells a database from another and from its own past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Identifier of the server's cluster, made when that was.
    pub system: i64,
    /// Its timeline: another one after a recovery to a point in time, or a promotion.
    pub timeline: u32,
    /// Epoch of the logs.
    pub epoch: i32,
    /// Where the integrator stands: everything before this transaction has its leaf.
    pub cursor: u64,
}

/// What was last published of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The epoch.
    pub epoch: i32,
    /// Leaves.
    pub size: u64,
    /// The root.
    pub root: [u8; 32],
}

/// Why an epoch was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The database was put back to an earlier state.
    Restored,
    /// The operator ordered it.
    Ordered,
}

impl Why {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Ordered => "ordered",
        }
    }
    fn of(word: &str) -> Self {
        if word == Self::Ordered.word() { Self::Ordered } else { Self::Restored }
    }
}

/// What is known of a log where a new epoch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whose log; nil for the deployment's.
    pub workspace: WorkspaceId,
    /// The new epoch.
    pub epoch: i32,
    /// Why it was opened.
    pub why: Why,
    /// The newest epoch of the log in the database, whose order is kept; none where it had no leaf.
    pub previous: Option<i32>,
    /// Leaves of it.
    pub restored: u64,
    /// What was published last, as far as this installation knows.
    pub published: Option<Published>,
}

impl Opening {
    /// How many records were published and are lost; nothing where it is not known what was published.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        let published = self.published?;
        // Records that open an epoch were published there too, and are no part of an earlier one.
        Some(published.size.saturating_sub(self.restored))
    }

    /// Id of the log's first record in the new epoch. It follows from log and epoch, so there is one of them.
    #[must_use]
    pub fn record_id(&self) -> RecordId {
        let hash = seal::sha256(&[OPENING_ID, &self.workspace.bytes(), &self.epoch.to_be_bytes()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        RecordId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    fn read(row: &Row) -> Self {
        let root = row.get::<_, Option<Vec<u8>>>(7).and_then(|root| <[u8; 32]>::try_from(root).ok());
        let known = row.get::<_, Option<i32>>(5).zip(row.get::<_, Option<i64>>(6)).zip(root);
        Self {
            workspace: WorkspaceId::from_uuid(row.get(0)),
            epoch: row.get(1),
            why: Why::of(row.get(2)),
            previous: row.get(3),
            restored: number(row.get(4)),
            published: known.map(|((epoch, size), root)| Published { epoch, size: number(size), root }),
        }
    }
}

/// How the surviving leaves of a log were found before they are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Root of the leaves of the epoch before.
    pub root: [u8; 32],
    /// Leaves whose record is gone or is not what they commit to.
    pub differ: u64,
}

/// A surviving leaf.
#[derive(Debug, Clone)]
pub struct Survivor {
    /// Its index in the epoch before.
    pub index: u64,
    /// Its hash there.
    pub hash: Vec<u8>,
    /// The record; none where somebody removed it.
    pub record: Option<Commitments>,
}

/// An opening as a workspace sees it.
#[derive(Debug, Clone)]
pub struct OpeningSeen {
    /// The epoch.
    pub epoch: i32,
    /// Why it was opened.
    pub why: Why,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// Leaves of the epoch before.
    pub restored: u64,
    /// Leaves that were published, where that is known.
    pub published: Option<u64>,
    /// Whether the surviving records have their leaves.
    pub told: bool,
    /// The note by which the key before names the new one.
    pub succession: Option<String>,
}

impl OpeningSeen {
    /// How many records were published and are lost; nothing where that is not known.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        self.published.map(|published| published.saturating_sub(self.restored))
    }
}

/// The openings of the workspace's log, newest first.
///
/// # Errors
/// The general failures of a query.
pub async fn openings<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<Vec<OpeningSeen>, Error> {
    let rows = scope.rows(&statements::TRAIL_OPENING, &[&scope.workspace().uuid(), &OPENINGS_MAX]).await?;
    let seen = |row: &Row| OpeningSeen {
        epoch: row.get(0),
        why: Why::of(row.get(1)),
        at: row.get(2),
        restored: number(row.get(4)),
        published: row.get::<_, Option<i64>>(6).map(number),
        told: row.get(7),
        succession: row.get(8),
    };
    Ok(rows.iter().map(seen).collect())
}

impl Database {
    /// Succession notes of the deployment's log by the epoch that each leads to, newest first.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn deployment_successions(&self) -> Result<Vec<(i32, String)>, Error> {
        let client = self.integrator().await?;
        let params: Params<'_> = &[&DEPLOYMENT.uuid(), &OPENINGS_MAX];
        let rows = crate::database::query(&client, &statements::DEPLOYMENT_OPENINGS, params).await?;
        Ok(rows.iter().filter_map(|row| Some((row.get(0), row.get::<_, Option<String>>(1)?))).collect())
    }

    /// Writes the record that opens a log's new epoch; once, however often it is asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a workspace that is not active; the general failures of a statement.
    pub async fn write_opening(&self, opening: &Opening, found: Option<Found>) -> Result<(), Error> {
        let integrator = Credential::Internal(Internal::Integrator);
        let mut scope = self.scope(integrator, opening.workspace, Origin::internal(Channel::Worker)).await?;
        let permit = scope.permit::<OpenEpoch>(Whole).await?;
        scope.write_as(permit, record_of(opening, found), opening.record_id())?;
        match scope.commit().await {
            Ok(_committed) => Ok(()),
            // An earlier attempt, or another node, was here.
            Err(Error::Constraint(name)) if name == "record_once" => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What the record that opens an epoch says: for ever, and to strangers who verify an export.
fn record_of(opening: &Opening, found: Option<Found>) -> Record {
    let hex = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let mut record = Record::default().with("epoch", opening.epoch).with("why", opening.why.word());
    let mut restored = Map::from_iter([("size".to_owned(), json!(opening.restored))]);
    if let Some(previous) = opening.previous {
        restored.insert("epoch".to_owned(), json!(previous));
    }
    if let Some(found) = found {
        restored.insert("root".to_owned(), json!(hex(&found.root)));
        restored.insert("differ".to_owned(), json!(found.differ));
    }
    record = record.with("restored", Value::Object(restored));
    if let Some(published) = opening.published {
        let known = json!({"epoch": published.epoch, "size": published.size, "root": hex(&published.root)});
        record = record.with("published", known);
    }
    match opening.lost() {
        Some(lost) => record.with("lost", lost),
        None => record.with("lost", "unknown"),
    }
}

impl Tick {
    /// Opens another epoch: no log goes on under its name, and each gets its opening, with what is known of what was
    /// published. Commit it before anything is told.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn open_epoch(
        &mut self,
        epoch: i32,
        why: Why,
        published: &[(WorkspaceId, Published)],
    ) -> Result<(), Error> {
        self.execute(&statements::LOG_RAISE, &[&epoch]).await?;
        let of: Vec<Uuid> = published.iter().map(|(of, _)| of.uuid()).collect();
        let epochs: Vec<i32> = published.iter().map(|(_, known)| known.epoch).collect();
        let sizes: Vec<i64> = published.iter().map(|(_, known)| column(known.size)).collect();
        let roots: Vec<&[u8]> = published.iter().map(|(_, known)| known.root.as_slice()).collect();
        let params: Params<'_> = &[&epoch, &why.word(), &of, &epochs, &sizes, &roots, &DEPLOYMENT.uuid()];
        self.execute(&statements::LOG_OPEN, params).await?;
        self.names.epoch = epoch;
        Ok(())
    }

    /// Openings of this epoch that are not told yet, of logs behind this one, at most [`LOGS_MAX`]. The deployment's own
    /// comes first of all.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn untold(&self, after: Option<WorkspaceId>) -> Result<Vec<Opening>, Error> {
        let after = after.map_or(Uuid::nil(), WorkspaceId::uuid);
        let rows = self.query(&statements::LOG_UNTOLD, &[&after, &LOGS_MAX]).await?;
        Ok(rows.iter().map(Opening::read).collect())
    }

    /// The deployment's opening in this epoch, while it is not told.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn untold_deployment(&self) -> Result<Option<Opening>, Error> {
        let rows = self.query(&statements::LOG_UNTOLD_ONE, &[&DEPLOYMENT.uuid()]).await?;
        Ok(rows.first().map(Opening::read))
    }

    /// A workspace's opening in this epoch, while it is not told.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn untold_of(&self, workspace: WorkspaceId) -> Result<Option<Opening>, Error> {
        let rows = self.query(&statements::LOG_UNTOLD_ONE, &[&workspace.uuid()]).await?;
        Ok(rows.first().map(Opening::read))
    }

    /// A record of a workspace, where it is committed.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn record(&self, workspace: WorkspaceId, id: RecordId) -> Result<Option<Commitments>, Error> {
        let rows = self.query(&statements::LOG_RECORD, &[&workspace.uuid(), &id.uuid()]).await?;
        Ok(rows.first().map(|row| Commitments::from_row(row, 0)))
    }

    /// Leaves of an earlier epoch from an index on, at most [`crate::log::PIECE_MAX`].
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn surviving(&self, workspace: WorkspaceId, epoch: i32, from: u64) -> Result<Vec<Survivor>, Error> {
        let params: Params<'_> = &[&workspace.uuid(), &epoch, &column(from), &crate::log::PIECE];
        let rows = self.query(&statements::LOG_SURVIVING, params).await?;
        let survivor = |row: &Row| Survivor {
            index: number(row.get(8)),
            hash: row.get(9),
            record: row.get::<_, Option<Uuid>>(0).map(|_| Commitments::from_row(row, 0)),
        };
        Ok(rows.iter().map(survivor).collect())
    }

    /// Records that had no leaf in an earlier epoch, behind this one, at most [`crate::log::PIECE_MAX`]; none of a
    /// transaction that may still be under way, and not the record that opens the new epoch.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn leafless(
        &self,
        workspace: WorkspaceId,
        epoch: i32,
        after: i64,
        but: RecordId,
    ) -> Result<Vec<Commitments>, Error> {
        let params: Params<'_> = &[&workspace.uuid(), &epoch, &after, &but.uuid(), &crate::log::PIECE];
        let rows = self.query(&statements::LOG_LEAFLESS, params).await?;
        Ok(rows.iter().map(|row| Commitments::from_row(row, 0)).collect())
    }

    /// Notes that a log was told again, with the note by which the key before names the new one.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn told(&self, log: WorkspaceId, succession: Option<&str>) -> Result<(), Error> {
        self.execute(&statements::LOG_TOLD, &[&log.uuid(), &self.names.epoch, &succession]).await
    }

    /// Heads of this epoch of logs behind this one, at most [`LOGS_MAX`]: log, leaves, frontier.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn heads(&self, after: Option<WorkspaceId>) -> Result<Vec<(WorkspaceId, u64, Vec<u8>)>, Error> {
        // Nobody's log comes before the deployment's, whose id is nil.
        let after = after.map(WorkspaceId::uuid);
        let rows = self.query(&statements::LOG_HEADS, &[&self.names.epoch, &after, &LOGS_MAX]).await?;
        Ok(rows.iter().map(|row| (WorkspaceId::from_uuid(row.get(0)), number(row.get(1)), row.get(2))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(published: Option<u64>) -> Opening {
        Opening {
            workspace: WorkspaceId::random(),
            epoch: 2,
            why: Why::Restored,
            previous: Some(1),
            restored: 10,
            published: published.map(|size| Published { epoch: 1, size, root: [7; 32] }),
        }
    }

    #[test]
    fn what_is_lost_is_what_was_published_and_is_not_there() {
        for (published, lost) in [(Some(13), Some(3)), (Some(10), Some(0)), (Some(9), Some(0)), (None, None)] {
            assert_eq!(opening(published).lost(), lost);
        }
        let record = record_of(&opening(Some(13)), Some(Found { root: [1; 32], differ: 0 }));
        assert_eq!(record.context["lost"], 3);
        assert_eq!(record.context["restored"]["size"], 10);
        assert_eq!(record_of(&opening(None), None).context["lost"], "unknown");
    }

    #[test]
    fn the_record_that_opens_an_epoch_is_one() {
        let one = opening(None);
        assert_eq!(one.record_id(), Opening { why: Why::Ordered, restored: 3, ..one }.record_id());
        assert_ne!(one.record_id(), Opening { epoch: 3, ..one }.record_id());
        assert_ne!(one.record_id(), opening(None).record_id());
    }
}
