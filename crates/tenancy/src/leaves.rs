//! Reading a workspace's log: its head, its leaves with the records they commit to, its upper tiles.

use data_encoding::BASE64;
use jiff::Timestamp;
use seal::columns;
use serde_json::Value;
use uuid::Uuid;

use crate::database::{column, number};
use crate::erasure::PartName;
use crate::log::Commitments;
use crate::policy::SeeTrail;
use crate::scope::{Mode, Permit, Scope};
use crate::{Error, RecordId, canonical, statements};

/// Most leaves read at once.
pub const LEAVES_MAX: i64 = 1024;

/// How a workspace's log stands.
#[derive(Debug, Clone)]
pub struct LogHead {
    /// Epoch of the log.
    pub epoch: i32,
    /// Leaves.
    pub size: u64,
    /// The frontier, as `tlog` writes it.
    pub frontier: Vec<u8>,
    /// Leaves of the note that was signed last.
    pub signed_size: u64,
    /// That note.
    pub checkpoint: Option<String>,
    /// Leaves that the deployment's log knows of.
    pub anchored_size: u64,
    /// When that note was signed.
    pub signed_at: Option<Timestamp>,
}

/// A leaf, and what is left of the record it commits to.
#[derive(Debug, Clone)]
pub struct LeafRow {
    /// Its index.
    pub index: u64,
    /// Its hash as it is stored.
    pub hash: Vec<u8>,
    /// The record; none where somebody removed it.
    pub record: Option<LeafRecord>,
}

/// A record as its leaf commits to it, with what its sealed parts hold.
#[derive(Debug, Clone)]
pub struct LeafRecord {
    /// The commitments.
    pub committed: Commitments,
    /// Who acted, as the index column says.
    pub actor: Option<Uuid>,
    /// What it was about, as the index column says.
    pub target: Option<Uuid>,
    /// The part about the act.
    pub period: Part,
    /// The part about the person.
    pub person: Part,
    /// The key that sealed the part about the act, and that of the part about the person.
    pub keys: [u32; 2],
}

impl LeafRecord {
    /// Its parts, each with its name and the number of the key that sealed it.
    #[must_use]
    pub fn parts(&self) -> [(PartName, u32, &Part); 2] {
        let [period, person] = self.keys;
        [(PartName::Person, person, &self.person), (PartName::Period, period, &self.period)]
    }
    /// A field's value in canonical form, where its part opened.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let fields = [&self.person, &self.period].into_iter().filter_map(|part| match part {
            Part::Opened(fields) => Some(fields),
            Part::Closed | Part::Gone => None,
        });
        fields.flatten().find(|field| field.name == name).map(|field| field.value.as_str())
    }
}

/// A sealed part of a record.
#[derive(Debug, Clone)]
pub enum Part {
    /// It opened.
    Opened(Vec<Shown>),
    /// It is there and does not open.
    Closed,
    /// It is not there.
    Gone,
}

/// A field as it can be shown: whoever has the entry checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Its salt.
    pub salt: [u8; 32],
    /// Its value in canonical form.
    pub value: String,
}

/// How the log of the scope's workspace stands, in its newest epoch; nothing before its first leaf.
///
/// # Errors
/// The general failures of a query.
pub async fn head<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<Option<LogHead>, Error> {
    let row = scope.maybe(&statements::TRAIL_HEAD, &[&scope.workspace().uuid()]).await?;
    Ok(row.map(|row| LogHead {
        epoch: row.get(0),
        size: number(row.get(1)),
        frontier: row.get(2),
        signed_size: number(row.get(3)),
        checkpoint: row.get(4),
        anchored_size: number(row.get(5)),
        signed_at: row.get(6),
    }))
}

/// Leaves from an index on, at most [`LEAVES_MAX`], with their records opened.
///
/// # Errors
/// The general failures of a query.
pub async fn page<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    epoch: i32,
    from: u64,
) -> Result<Vec<LeafRow>, Error> {
    let from = column(from);
    let rows = scope.rows(&statements::TRAIL_LEAVES, &[&scope.workspace().uuid(), &epoch, &from, &LEAVES_MAX]).await?;
    let read = |row: &tokio_postgres::Row| {
        let record = row.get::<_, Option<Uuid>>(2).map(|_| {
            let committed = Commitments::from_row(row, 2);
            LeafRecord {
                period: part::<columns::AuditPeriodPart, M>(scope, committed.id, row.get(10)),
                person: part::<columns::AuditPersonPart, M>(scope, committed.id, row.get(11)),
                actor: row.get(12),
                target: row.get(13),
                keys: [14, 15]
                    .map(|at| row.get::<_, Option<i32>>(at).and_then(|no| u32::try_from(no).ok()).unwrap_or(0)),
                committed,
            }
        });
        LeafRow { index: number(row.get(0)), hash: row.get(1), record }
    };
    Ok(rows.iter().map(read).collect())
}

fn part<C: seal::Column<Content = Vec<u8>>, M: Mode>(scope: &Scope<M>, id: RecordId, sealed: Option<Vec<u8>>) -> Part {
    let Some(bytes) = sealed else { return Part::Gone };
    let opened = scope.keys().open::<C>(id.bytes(), &seal::Sealed::from_envelope(bytes)).ok();
    opened.and_then(|bytes| shown(&bytes)).map_or(Part::Closed, Part::Opened)
}

fn shown(bytes: &[u8]) -> Option<Vec<Shown>> {
    let part: Value = serde_json::from_slice(bytes).ok()?;
    let field = |(name, field): (&String, &Value)| {
        let salt = BASE64.decode(field["salt"].as_str()?.as_bytes()).ok()?.try_into().ok()?;
        Some(Shown { name: name.clone(), salt, value: canonical::to_string(field.get("value")?).ok()? })
    };
    part.as_object()?.iter().map(field).collect()
}

/// Hashes of the leaves from one index to before another, for proofs; at most a tile of them.
///
/// # Errors
/// The general failures of a query.
pub async fn hashes<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    epoch: i32,
    from: u64,
    to: u64,
) -> Result<Vec<u8>, Error> {
    let [from, to] = [from, to.min(from.saturating_add(256))].map(column);
    let rows = scope.rows(&statements::TRAIL_LEAF_HASHES, &[&scope.workspace().uuid(), &epoch, &from, &to]).await?;
    Ok(rows.iter().flat_map(|row| row.get::<_, Vec<u8>>(0)).collect())
}

/// The hashes of a tile of level 1 or higher, as many as there are.
///
/// # Errors
/// The general failures of a query.
pub async fn tile<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    epoch: i32,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let (level, index) = (i16::from(level), column(index));
    let row = scope.maybe(&statements::TRAIL_TILE, &[&scope.workspace().uuid(), &epoch, &level, &index]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Records without a leaf: how many, and the age of the oldest in seconds.
///
/// # Errors
/// The general failures of a query.
pub async fn leafless<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<(u64, f64), Error> {
    let row = scope.one(&statements::TRAIL_LEAFLESS, &[&scope.workspace().uuid()]).await?;
    Ok((number(row.get(0)), row.get(1)))
}
