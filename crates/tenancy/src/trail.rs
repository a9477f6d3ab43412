//! Reading the audit trail: records with their opened payloads, newest first.

use jiff::Timestamp;
use seal::columns;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database;
use crate::log::Commitments;
use crate::policy::{SeeRequest, SeeTrail};
use crate::scope::{Mode, Permit, Scope};
use crate::{Error, PersonId, RecordId, statements};

/// Most records of one page.
pub const PAGE_MAX: i64 = 200;

/// What a list of records is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct TrailFilter {
    /// What the act was about.
    pub target: Option<Uuid>,
    /// Who acted.
    pub actor: Option<PersonId>,
    /// The act's code.
    pub action: Option<String>,
    /// Records before this one, by order number.
    pub before: Option<i64>,
}

/// One record with its payload.
#[derive(Debug, Clone)]
pub struct TrailRow {
    /// Its place in the workspace's order.
    pub order: i64,
    /// Its id.
    pub id: RecordId,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// The act's code.
    pub action: String,
    /// Who, where a person acted.
    pub actor: Option<PersonId>,
    /// The kind of actor.
    pub actor_kind: String,
    /// What it was about.
    pub target: Option<Uuid>,
    /// The address it came from, or `internal`.
    pub ip: String,
    /// The client's own description.
    pub device: String,
    /// Facts of the act.
    pub context: Value,
    /// What changed, before and after.
    pub diff: Option<Value>,
    /// What the log holds of it.
    pub commitments: Commitments,
    /// Its leaf, once it has one.
    pub leaf: Option<LeafMark>,
}

/// Where a record stands in the log of its workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafMark {
    /// Its index.
    pub index: u64,
    /// The log's epoch.
    pub epoch: i32,
    /// Its hash, as it is stored.
    pub hash: Vec<u8>,
    /// Whether a checkpoint that was signed covers it.
    pub is_signed: bool,
}

/// Records, newest first, at most [`PAGE_MAX`].
///
/// # Errors
/// The general failures of a query; [`Error::Row`] for a payload that opens and does not read.
pub async fn list<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    filter: &TrailFilter,
    limit: i64,
) -> Result<Vec<TrailRow>, Error> {
    let limit = limit.clamp(1, PAGE_MAX + 1);
    let before = filter.before.unwrap_or(i64::MAX);
    let actor = filter.actor.map(PersonId::uuid);
    let workspace = scope.workspace().uuid();
    // Two statements, so that each has the one plan that suits it.
    let statement = if filter.target.is_some() { &statements::TRAIL_OF_TARGET } else { &statements::TRAIL_LIST };
    let rows = scope.rows(statement, &[&workspace, &before, &filter.target, &actor, &filter.action, &limit]).await?;
    rows.iter().map(|row| read(scope, row)).collect()
}

/// One record; nothing for one that is not there.
///
/// # Errors
/// As [`list`].
pub async fn one<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    id: RecordId,
) -> Result<Option<TrailRow>, Error> {
    let row = scope.maybe(&statements::TRAIL_ONE, &[&scope.workspace().uuid(), &id.uuid()]).await?;
    row.map(|row| read(scope, &row)).transpose()
}

fn read<M: Mode>(scope: &Scope<M>, row: &Row) -> Result<TrailRow, Error> {
    let id = RecordId::from_uuid(row.get(1));
    let period = part::<columns::AuditPeriodPart, M>(scope, id, row.get(6))?;
    let person = part::<columns::AuditPersonPart, M>(scope, id, row.get(7))?;
    let text = |part: &Value, name: &str| part[name]["value"].as_str().unwrap_or(why_missing(part)).to_owned();
    Ok(TrailRow {
        order: row.get(0),
        id,
        at: row.get(2),
        action: row.get(3),
        actor: row.get::<_, Option<Uuid>>(4).map(PersonId::from_uuid),
        actor_kind: person["actor"]["value"]["kind"].as_str().unwrap_or(why_missing(&person)).to_owned(),
        target: row.get(5),
        ip: text(&person, "ip"),
        device: text(&person, "device"),
        context: period["context"]["value"].clone(),
        diff: period.get("diff").map(|diff| diff["value"].clone()),
        commitments: Commitments::from_row(row, 8),
        leaf: row.get::<_, Option<i64>>(16).map(|index| LeafMark {
            index: database::number(index),
            epoch: row.get(17),
            hash: row.get(18),
            is_signed: row.get::<_, Option<bool>>(19) == Some(true),
        }),
    })
}

/// What stands in the place of a value that is not there.
fn why_missing(part: &Value) -> &'static str {
    if part.is_boolean() { "does not open" } else { "erased" }
}

/// A part's fields; nothing when it was erased, `false` when it does not open: its key may just be going.
fn part<C: seal::Column<Content = Vec<u8>>, M: Mode>(
    scope: &Scope<M>,
    id: RecordId,
    sealed: Option<Vec<u8>>,
) -> Result<Value, Error> {
    let Some(bytes) = sealed else { return Ok(Value::Null) };
    let opened = scope.keys().open::<C>(id.bytes(), &seal::Sealed::from_envelope(bytes));
    let Ok(opened) = opened else { return Ok(Value::Bool(false)) };
    let unreadable = || Error::Row { table: "audit.record", column: C::COLUMN_NAME, row: id.to_string() };
    serde_json::from_slice(&opened).map_err(|_| unreadable())
}

/// How many records are about a request that may be seen.
///
/// # Errors
/// The general failures of a query.
pub async fn count_of<M: Mode>(scope: &Scope<M>, permit: &Permit<SeeRequest>) -> Result<i64, Error> {
    let row = scope.one(&statements::TRAIL_COUNT, &[&scope.workspace().uuid(), &permit.target().uuid()]).await?;
    Ok(row.get(0))
}

/// Of the last day's records: (how many there are, how many hold actor, address, device and context).
///
/// # Errors
/// The general failures of a query.
pub async fn complete<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<(i64, i64), Error> {
    let row = scope.one(&statements::TRAIL_CONTEXT, &[&scope.workspace().uuid()]).await?;
    Ok((row.get(0), row.get(1)))
}
