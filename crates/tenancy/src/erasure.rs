//! Erasure of what records hold: the order, and its carrying out.
//!
//! Three steps, each of which can be repeated: the order is a record and a row, in one transaction; the keys are destroyed;
//! the parts that they sealed are cleared, which is a record again. What a record commits to stays as it was signed, so
//! every proof made before still holds. Records of erasure are kept under a class of their own, which no period takes along.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use seal::{Destroyed, Purpose};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::{self, number};
use crate::policy::{EraseParts, OrderErasure, SeeTrail, ShredKeys};
use crate::record::{CLASS, Record, month_of, period_of};
use crate::scope::{Mode, Permit, ReadWrite, Scope};
use crate::{
    Channel, Credential, Database, ErasureId, Error, Internal, Origin, PersonId, RecordId, WorkspaceId, statements,
};

/// Most records whose part is cleared by one statement; it is repeated until none is left.
const AT_ONCE_MAX: i32 = 20_000;
/// Most orders that a list shows.
pub const LISTED_MAX: i64 = 1000;
/// A month may be erased when it has been over for so long: then no act of it is under way.
const MONTH_REST: SignedDuration = SignedDuration::from_hours(24);

/// A part of a record's payload: what is sealed under one key and goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartName {
    /// Who acted, from which address and device.
    Person,
    /// What the act was about, its facts, before and after.
    Period,
}

impl PartName {
    /// The word that rows, records and exports carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Period => "period",
        }
    }
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Period].into_iter().find(|part| part.word() == word)
    }
    pub(crate) const fn purpose(self) -> Purpose {
        match self {
            Self::Person => Purpose::AuditPerson,
            Self::Period => Purpose::AuditPeriod,
        }
    }
}

/// What is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// What a person who left did: who, from where.
    Person(PersonId),
    /// What was done in a month that is over: about what, and how. The day is the month's first.
    Month(Date),
}

impl Subject {
    /// A month written as `2026-09`.
    #[must_use]
    pub fn of_month(text: &str) -> Option<Self> {
        format!("{text}-01").parse().ok().filter(|_| text.len() == 7).map(Self::Month)
    }
    /// The part that it takes from records.
    #[must_use]
    pub const fn part(self) -> PartName {
        match self {
            Self::Person(_) => PartName::Person,
            Self::Month(_) => PartName::Period,
        }
    }
    fn id(self) -> Uuid {
        match self {
            Self::Person(person) => person.uuid(),
            Self::Month(day) => Uuid::from_bytes(period_of(CLASS, day)),
        }
    }
}

/// Why an erasure was not ordered.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no such person here.
    #[error("there is no such person in this workspace")]
    Unknown,
    /// The person may still act.
    #[error("this person still has access; end it first")]
    StillHere,
    /// What was named is no month.
    #[error("a month is written as 2026-09")]
    NoMonth,
    /// The month is not over, or not for a day.
    #[error("a month can be erased when it has been over for a day")]
    NotOver,
    /// No record holds such a part, or it was erased before.
    #[error("nothing is kept of this: it was erased already, or there never was anything")]
    Nothing,
    /// The same was ordered and is under way.
    #[error("this is being erased already")]
    UnderWay,
    /// The general failures.
    #[error(transparent)]
    Tenancy(Error),
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        match error {
            Error::Constraint(name) if name == "erasure_once" => Self::UnderWay,
            other => Self::Tenancy(other),
        }
    }
}

/// An order, and how far it is.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub id: ErasureId,
    /// What goes.
    pub part: PartName,
    /// The person, where it is one's.
    pub person: Option<PersonId>,
    /// The month, as `2026-09`, where it is one's.
    pub month: Option<String>,
    /// The keys that sealed it.
    pub keys: Vec<u32>,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// When the keys were destroyed.
    pub shredded_at: Option<Timestamp>,
    /// When the parts were cleared.
    pub erased_at: Option<Timestamp>,
}

/// Orders an erasure; it is carried out after the commit.
///
/// # Errors
/// [`OrderError`].
pub async fn order(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<OrderErasure>,
    subject: Subject,
) -> Result<ErasureId, OrderError> {
    let workspace = scope.workspace();
    match subject {
        Subject::Person(person) => {
            let row = scope.maybe(&statements::ERASURE_PERSON, &[&workspace.uuid(), &person.uuid()]).await?;
            match row.ok_or(OrderError::Unknown)?.get(0) {
                "ended" => {}
                _ => return Err(OrderError::StillHere),
            }
        }
        Subject::Month(day) => {
            let next = day.last_of_month().tomorrow().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            let rested = next.and_then(|next| next.timestamp().checked_add(MONTH_REST).ok());
            if rested.is_none_or(|rested| scope.now() < rested) {
                return Err(OrderError::NotOver);
            }
        }
    }
    let (part, of) = (subject.part(), subject.id());
    let find = move |vault: &seal::Vault| vault.keys_of(workspace.bytes(), part.purpose(), of.into_bytes());
    let keys = scope.database().with_vault(find).await?;
    if keys.is_empty() {
        return Err(OrderError::Nothing);
    }
    let id = ErasureId::random();
    let record = Record { target: Some(of).filter(|_| part == PartName::Person), ..Record::default() }
        .with("erasure", id.to_string())
        .with("part", part.word())
        .with("keys", json!(keys));
    let record = match subject {
        Subject::Person(_) => record,
        Subject::Month(day) => record.with("month", day.strftime("%Y-%m").to_string()),
    };
    let numbers = key_columns(&keys)?;
    let params: database::Params<'_> = &[&workspace.uuid(), &id.uuid(), &part.word(), &of, &numbers];
    scope.write(permit, record)?.execute_one(&statements::ERASURE_INSERT, params).await?;
    Ok(id)
}

/// The orders of a workspace, open ones first, then the newest; at most [`LISTED_MAX`].
///
/// # Errors
/// The general failures of a query.
pub async fn orders<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeTrail>) -> Result<Vec<Order>, Error> {
    let rows = scope.rows(&statements::ERASURE_LIST, &[&scope.workspace().uuid(), &LISTED_MAX]).await?;
    let read = |row: &tokio_postgres::Row| {
        let part = part_of(row.get(1))?;
        Ok(Order {
            id: ErasureId::from_uuid(row.get(0)),
            part,
            month: (part == PartName::Period).then(|| month_of(row.get::<_, Uuid>(2).into_bytes())),
            person: (part == PartName::Person).then(|| PersonId::from_uuid(row.get(2))),
            keys: row.get::<_, Vec<i32>>(3).into_iter().filter_map(|no| u32::try_from(no).ok()).collect(),
            ordered_at: row.get(4),
            shredded_at: row.get(5),
            erased_at: row.get(6),
        })
    };
    rows.iter().map(read).collect()
}

/// An order, as the eraser finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The order.
    pub id: ErasureId,
    /// Whether it was carried out, and only what came late may be left.
    pub is_done: bool,
}

/// What one look at an order did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is done, or another node is at it.
    Nothing,
    /// Its keys were destroyed.
    Shredded,
    /// So many records lost the part.
    Erased(u64),
}

impl Database {
    /// Orders that are open, at most 100; with `late` also those of people of the last day, at most 1,000: an act that was
    /// under way may have written a part after the others were cleared.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn erasures(&self, late: bool) -> Result<Vec<Found>, Error> {
        let client = self.custody().await?;
        let rows = database::query(&client, &statements::CUSTODY_OPEN, &[&late]).await?;
        let found = |row: &tokio_postgres::Row| Found {
            workspace: WorkspaceId::from_uuid(row.get(0)),
            id: ErasureId::from_uuid(row.get(1)),
            is_done: row.get(2),
        };
        Ok(rows.iter().map(found).collect())
    }

    /// Whether a part came late that an order which was carried out is of. A look, and no transaction that writes.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn came_late(&self, workspace: WorkspaceId, id: ErasureId) -> Result<bool, Error> {
        let custodian = Credential::Internal(Internal::Custodian);
        let scope = self.view(custodian, workspace, Origin::internal(Channel::Worker)).await?;
        let row = scope.maybe(&statements::CUSTODY_LATE, &[&workspace.uuid(), &id.uuid()]).await?;
        scope.finish();
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Carries an order one step further, in a transaction with its record.
    ///
    /// # Errors
    /// The general failures; then the step is as it was and may be tried again.
    pub async fn carry_out(&self, workspace: WorkspaceId, id: ErasureId) -> Result<Step, Error> {
        let scope = self.custodian(workspace).await?;
        let taken = scope.maybe(&statements::CUSTODY_TAKE, &[&workspace.uuid(), &id.uuid()]).await?;
        let Some(row) = taken else { return Ok(Step::Nothing) };
        let part = part_of(row.get(0))?;
        let keys: Vec<u32> = row.get::<_, Vec<i32>>(1).into_iter().filter_map(|no| u32::try_from(no).ok()).collect();
        if !row.get::<_, bool>(2) {
            shred(scope, id, part, keys).await?;
            return Ok(Step::Shredded);
        }
        let is_done = row.get::<_, bool>(3);
        if is_done {
            let late = scope.maybe(&statements::CUSTODY_LATE, &[&workspace.uuid(), &id.uuid()]).await?;
            if !late.is_some_and(|row| row.get(0)) {
                return Ok(Step::Nothing);
            }
        }
        erase(scope, id, part, &keys).await.map(Step::Erased)
    }
}

/// The second step. A crash behind it leaves keys that are gone and an order that does not know: it is repeated.
async fn shred(mut scope: Scope<ReadWrite>, id: ErasureId, part: PartName, keys: Vec<u32>) -> Result<(), Error> {
    let workspace = scope.workspace();
    let destroy = move |vault: &seal::Vault| {
        keys.iter().map(|key_no| vault.destroy_key(workspace.bytes(), part.purpose(), *key_no)).collect()
    };
    let destroyed: Vec<Destroyed> = scope.database().with_vault(destroy).await?;
    let permit = scope.permit::<ShredKeys>(crate::Whole).await?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let keys: Vec<Value> =
        destroyed.iter().map(|key| json!({"key": key.key_no, "commitment": hex(&key.commitment)})).collect();
    let record =
        Record::default().with("erasure", id.to_string()).with("part", part.word()).with("destroyed", json!(keys));
    let params: database::Params<'_> = &[&workspace.uuid(), &id.uuid()];
    scope.write(permit, record)?.execute_one(&statements::CUSTODY_SHREDDED, params).await?;
    scope.commit().await.map(|_committed| ())
}

/// The third step: the parts go, and a record says of how many and which.
async fn erase(scope: Scope<ReadWrite>, id: ErasureId, part: PartName, keys: &[u32]) -> Result<u64, Error> {
    let keys = key_columns(keys)?;
    clear(scope, id, part, &keys, Record::default()).await
}

/// Clears what an order is of and commits, with a record of how many records lost the part in all, and which: what a
/// verification believes of parts that are missing. `record` holds what else is to be said.
pub(crate) async fn clear(
    mut scope: Scope<ReadWrite>,
    id: ErasureId,
    part: PartName,
    keys: &[i32],
    record: Record,
) -> Result<u64, Error> {
    let workspace = scope.workspace().uuid();
    let permit = scope.permit::<EraseParts>(crate::Whole).await?;
    let mut cleared = 0;
    loop {
        let row = scope.one(&statements::CUSTODY_ERASE, &[&id.uuid(), &AT_ONCE_MAX]).await?;
        let now = number(row.get(0));
        cleared += now;
        if now < number(AT_ONCE_MAX.into()) {
            break;
        }
    }
    let row = scope.one(&statements::CUSTODY_TOTAL, &[&workspace, &part.word(), &keys]).await?;
    let record = record
        .with("erasure", id.to_string())
        .with("part", part.word())
        .with("keys", json!(keys))
        .with("cleared", cleared)
        .with("total", row.get::<_, i64>(0))
        .with("digest", data_encoding::HEXLOWER.encode(row.get(1)));
    scope.write(permit, record)?.execute_one(&statements::CUSTODY_ERASED, &[&workspace, &id.uuid()]).await?;
    scope.commit().await.map(|_committed| cleared)
}

/// The digest by which a record of erasure names the records that lost a part: SHA-256 over their ids in order.
#[must_use]
pub fn digest_of<'a>(ids: impl Iterator<Item = &'a RecordId>) -> [u8; 32] {
    seal::sha256(&ids.flat_map(|id| id.bytes()).collect::<Vec<u8>>())
}

fn part_of(word: &str) -> Result<PartName, Error> {
    PartName::from_word(word).ok_or(Error::Integrity("an order of erasure names no part"))
}

fn key_columns(keys: &[u32]) -> Result<Vec<i32>, Error> {
    keys.iter().map(|key| i32::try_from(*key).map_err(|_| Error::Integrity("key number"))).collect()
}
