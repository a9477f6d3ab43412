//! Reading the audit trail: records with their opened payloads, newest first.

use jiff::Timestamp;
use seal::columns;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database;
use crate::log::Commitments;
use crate::policy::{SeeRequest, SeeTrail};
use crate::scope::{Mode, Permit, Scope};
use crate::{Error, PersonId, RecordId, statements};

/// Most records of one page.
pub const PAGE_MAX: i64 = 200;

/// A time behind that of every record: the last of the year 9998, which PostgreSQL holds as well.
const LATEST: Timestamp = Timestamp::constant(253_370_764_799, 0);

/// What a list of records is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct TrailFilter {
    /// What the act was about.
    pub target: Option<Uuid>,
    /// Who acted.
    pub actor: Option<PersonId>,
    /// The act's code.
    pub action: Option<String>,
    /// Records of this instant and later ones.
    pub from: Option<Timestamp>,
    /// Records before this instant.
    pub until: Option<Timestamp>,
    /// Records before this one, in the order of the list: the last one of the page before.
    pub before: Option<Place>,
}

/// A record's place in the list, which goes by time and, within one microsecond, by order number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When.
    pub at: Timestamp,
    /// Its place in the workspace's order.
    pub order: i64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.at.as_microsecond(), self.order)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, order) = text.split_once(':').ok_or(())?;
        let at = Timestamp::from_microsecond(at.parse().map_err(|_| ())?).map_err(|_| ())?;
        Ok(Self { at, order: order.parse().map_err(|_| ())? })
    }
}

impl TrailRow {
    /// Its place in the list.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { at: self.at, order: self.order }
    }
}

impl TrailFilter {
    /// Where the list begins and how far back it goes.
    fn span(&self) -> (Place, Timestamp) {
        // Before the first record of an instant stands nothing of it.
        let end = Place {
            at: self.until.map_or(LATEST, |until| until.clamp(Timestamp::UNIX_EPOCH, LATEST)),
            order: i64::MIN,
        };
        let before = self.before.filter(|before| (before.at, before.order) < (end.at, end.order)).unwrap_or(end);
        (before, self.from.map_or(Timestamp::UNIX_EPOCH, |from| from.clamp(Timestamp::UNIX_EPOCH, LATEST)))
    }
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
    let (before, from) = filter.span();
    let actor = filter.actor.map(PersonId::uuid);
    let workspace = scope.workspace().uuid();
    // A statement for each filter that has an index of its own, so that each has the one plan that suits it.
    let statement = match (filter.target, actor, &filter.action) {
        (Some(_), _, _) => &statements::TRAIL_OF_TARGET,
        (None, Some(_), _) => &statements::TRAIL_OF_ACTOR,
        (None, None, Some(_)) => &statements::TRAIL_OF_ACTION,
        (None, None, None) => &statements::TRAIL_LIST,
    };
    let narrowed: [&(dyn ToSql + Sync); 8] =
        [&workspace, &before.at, &before.order, &from, &filter.target, &actor, &filter.action, &limit];
    let rows = scope.rows(statement, &narrowed).await?;
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
