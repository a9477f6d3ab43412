//! Streams of the audit trail as a workspace sees and changes them: every change is an act with its record.
//!
//! Settings come and go as bytes that `ledger` understands; here they are sealed, opened and never looked into.

use jiff::Timestamp;
use seal::{Sealed, columns};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::database::{column, number};
use crate::policy::{
    AddStream, FollowEpoch, PauseStream, RemoveStream, ResumeStream, RotateStream, SeeStreams, SkipBatch, StopStream,
    TestStream,
};
use crate::scope::{Mode, Permit, ReadWrite, Scope};
use crate::streaming::Lock;
use crate::{DeadId, Error, Record, StreamId, statements};

/// Most streams of a workspace.
pub const STREAMS_MAX: i64 = 10;
/// Most dead letters of a stream that are listed.
pub const DEAD_MAX: i64 = 50;
/// Most characters of a stream's name.
pub const NAME_CHARS_MAX: usize = 80;

/// How a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// It sends what there is.
    Active,
    /// Somebody paused it.
    Paused,
    /// Its receiver did not take a batch; it stands still until somebody decides.
    Error,
    /// It cannot go on as it is set up.
    Invalid,
}

impl StreamState {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Error => "error",
            Self::Invalid => "invalid",
        }
    }

    fn of(word: &str) -> Result<Self, Error> {
        let all = [Self::Active, Self::Paused, Self::Error, Self::Invalid];
        all.into_iter().find(|state| state.word() == word).ok_or(Error::Integrity("a stream has no known state"))
    }
}

/// A stream to be made.
pub struct NewStream<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it goes, as bytes.
    pub settings: Zeroizing<Vec<u8>>,
    /// Word of its format.
    pub format: &'static str,
    /// Word of its kind of receiver.
    pub receiver: &'static str,
    /// The log's epoch, and the leaf it begins with.
    pub from: (i32, u64),
}

impl std::fmt::Debug for NewStream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewStream({}, {}, {:?})", self.format, self.receiver, self.from)
    }
}

/// A stream as it is listed.
pub struct StreamRow {
    /// Its id.
    pub id: StreamId,
    /// Its name.
    pub name: String,
    /// Its settings; nothing when they do not open.
    pub settings: Option<Zeroizing<Vec<u8>>>,
    /// Counts changes of the settings.
    pub settings_version: u64,
    /// Word of its format.
    pub format: String,
    /// Word of its kind of receiver.
    pub receiver: String,
    /// How it is.
    pub state: StreamState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Epoch of the log it follows.
    pub epoch: i32,
    /// The leaf that is sent next.
    pub next: u64,
    /// The leaf behind the last that arrived.
    pub sent: u64,
    /// Failed attempts at the present batch.
    pub attempts: i32,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When a batch arrived last.
    pub last_sent_at: Option<Timestamp>,
    /// When an attempt failed last.
    pub last_failed_at: Option<Timestamp>,
    /// Code of why.
    pub failure: Option<String>,
    /// Last leaf of the present batch.
    pub cut_last: Option<u64>,
    /// Signed leaves that it has not sent.
    pub lag_leaves: u64,
    /// Age of the oldest of them, in seconds.
    pub lag_s: Option<f64>,
    /// Batches that wait among its dead letters.
    pub dead: u64,
}

impl std::fmt::Debug for StreamRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamRow({}, {}, next {})", self.id, self.state.word(), self.next)
    }
}

/// A batch that a receiver would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRow {
    /// Its id.
    pub id: DeadId,
    /// Epoch of the log.
    pub epoch: i32,
    /// Its first leaf.
    pub first: u64,
    /// Its last leaf.
    pub last: u64,
    /// Code of why.
    pub failure: String,
    /// Attempts made.
    pub attempts: i32,
    /// `waiting`, `sent` or `skipped`.
    pub state: String,
    /// When it was given up.
    pub died_at: Timestamp,
    /// When it was sent after all, or skipped.
    pub settled_at: Option<Timestamp>,
}

/// The workspace's streams, in the order of their making.
///
/// # Errors
/// The general failures of a query; [`Error::Seal`] for a name that does not open.
pub async fn list<M: Mode>(scope: &Scope<M>, _permit: &Permit<SeeStreams>) -> Result<Vec<StreamRow>, Error> {
    rows(scope).await
}

async fn rows<M: Mode>(scope: &Scope<M>) -> Result<Vec<StreamRow>, Error> {
    let found = scope.rows(&statements::STREAM_LIST, &[&scope.workspace().uuid(), &STREAMS_MAX]).await?;
    let read = |row: &tokio_postgres::Row| -> Result<StreamRow, Error> {
        let id = StreamId::from_uuid(row.get(0));
        let settings_version = number(row.get(3));
        Ok(StreamRow {
            id,
            name: scope.keys().open::<columns::StreamName>(id.bytes(), &Sealed::from_envelope(row.get(1)))?,
            settings: open(scope, id, settings_version, row.get(2)).ok(),
            settings_version,
            format: row.get(4),
            receiver: row.get(5),
            state: StreamState::of(row.get(6))?,
            created_at: row.get(7),
            epoch: row.get(8),
            next: number(row.get(9)),
            sent: number(row.get(10)),
            attempts: row.get(11),
            due_at: row.get(12),
            last_sent_at: row.get(13),
            last_failed_at: row.get(14),
            failure: row.get(15),
            cut_last: row.get::<_, Option<i64>>(16).map(number),
            lag_leaves: number(row.get(17)),
            lag_s: row.get(18),
            dead: number(row.get(19)),
        })
    };
    found.iter().map(read).collect()
}

pub(crate) fn open<M: Mode>(
    scope: &Scope<M>,
    id: StreamId,
    version: u64,
    sealed: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let sealed = Sealed::from_envelope(sealed);
    Ok(Zeroizing::new(scope.keys().open_version::<columns::StreamSettings>(id.bytes(), version, &sealed)?))
}

/// Dead letters of a stream, newest first, at most [`DEAD_MAX`].
///
/// # Errors
/// The general failures of a query.
pub async fn dead<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeStreams>,
    id: StreamId,
) -> Result<Vec<DeadRow>, Error> {
    let params: crate::Params<'_> = &[&scope.workspace().uuid(), &id.uuid(), &DEAD_MAX];
    let rows = scope.rows(&statements::STREAM_DEAD_LIST, params).await?;
    let row = |row: &tokio_postgres::Row| DeadRow {
        id: DeadId::from_uuid(row.get(0)),
        epoch: row.get(1),
        first: number(row.get(2)),
        last: number(row.get(3)),
        failure: row.get(4),
        attempts: row.get(5),
        state: row.get(6),
        died_at: row.get(7),
        settled_at: row.get(8),
    };
    Ok(rows.iter().map(row).collect())
}

/// Makes a stream.
///
/// # Errors
/// [`Error::Bound`] for more than [`STREAMS_MAX`]; the general failures of a statement.
pub async fn add(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<AddStream>,
    new: &NewStream<'_>,
) -> Result<StreamId, Error> {
    let workspace = scope.workspace().uuid();
    let count: i64 = scope.one(&statements::STREAM_COUNT, &[&workspace]).await?.get(0);
    if count >= STREAMS_MAX {
        return Err(Error::Bound { what: "streams of a workspace", bound: STREAMS_MAX.unsigned_abs() });
    }
    let id = StreamId::random();
    let name = scope.keys().seal::<columns::StreamName>(id.bytes(), &new.name.to_owned())?.into_bytes();
    let settings = scope.keys().seal_version::<columns::StreamSettings>(id.bytes(), 1, &new.settings)?.into_bytes();
    let (epoch, first) = (new.from.0, column(new.from.1));
    let record =
        Record::about(id.uuid()).with("format", new.format).with("receiver", new.receiver).with("first", new.from.1);
    let params: crate::Params<'_> =
        &[&workspace, &id.uuid(), &name, &settings, &new.format, &new.receiver, &epoch, &first];
    scope.write(permit, record)?.execute_one(&statements::STREAM_INSERT, params).await?;
    Ok(id)
}

/// Pauses the permit's stream.
///
/// # Errors
/// The general failures of a statement.
pub async fn pause(scope: &mut Scope<ReadWrite>, permit: Permit<PauseStream>) -> Result<(), Error> {
    let id = permit.target();
    let before = one(scope, id).await?;
    let record = changed(id, before.state, StreamState::Paused);
    // An error that was there is still one after the pause: what is known of it stays.
    set_state(scope, permit, id, record, (StreamState::Paused, before.failure)).await
}

/// Lets the permit's stream go on where it stands: with the batch that was cut, if there is one. `newest` is the log's
/// newest epoch; a stream of an earlier one begins with the first leaf of that.
///
/// # Errors
/// The general failures of a statement.
pub async fn resume(scope: &mut Scope<ReadWrite>, permit: Permit<ResumeStream>, newest: i32) -> Result<(), Error> {
    let id = permit.target();
    let before = one(scope, id).await?;
    let mut record = changed(id, before.state, StreamState::Active);
    let begins_anew = before.state == StreamState::Invalid && before.epoch < newest;
    if begins_anew {
        record = record.with("epoch", newest);
    }
    set_state(scope, permit, id, record, (StreamState::Active, None)).await?;
    if begins_anew {
        let params: crate::Params<'_> = &[&scope.workspace().uuid(), &id.uuid(), &newest];
        scope.again()?.execute_one(&statements::STREAM_BEGIN_EPOCH, params).await?;
    }
    Ok(())
}

async fn set_state<A: crate::policy::Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    id: StreamId,
    record: Record,
    (state, failure): (StreamState, Option<String>),
) -> Result<(), Error> {
    let workspace = scope.workspace().uuid();
    let params: crate::Params<'_> = &[&workspace, &id.uuid(), &state.word(), &failure];
    scope.write(permit, record)?.execute_one(&statements::STREAM_STATE, params).await
}

fn changed(id: StreamId, before: StreamState, after: StreamState) -> Record {
    let word = |state: StreamState| Value::String(state.word().to_owned());
    Record::about(id.uuid()).changing(word(before), word(after))
}

async fn one<M: Mode>(scope: &Scope<M>, id: StreamId) -> Result<StreamRow, Error> {
    rows(scope).await?.into_iter().find(|row| row.id == id).ok_or(Error::NotFound)
}

/// Leaves out the batch at which the permit's stream stands, and lets it go on behind it. The record names the leaves.
///
/// # Errors
/// [`Error::Rows`] when the stream does not stand at a batch; the general failures of a statement.
pub async fn skip(scope: &mut Scope<ReadWrite>, permit: Permit<SkipBatch>) -> Result<(), Error> {
    let id = permit.target();
    let before = one(scope, id).await?;
    let (first, last) = (before.next, before.cut_last.unwrap_or(before.next));
    let workspace = scope.workspace().uuid();
    let record = changed(id, before.state, StreamState::Active).with("first", first).with("last", last);
    let writer = scope.write(permit, record)?;
    let params: crate::Params<'_> = &[&workspace, &id.uuid(), &column(first), &column(last)];
    writer.execute_one(&statements::STREAM_SKIP, params).await?;
    writer.execute(&statements::STREAM_DEAD_SKIP, &[&workspace, &id.uuid()]).await.map(|_| ())
}

/// Puts other settings in place of those of this version: the same receiver with another secret.
///
/// # Errors
/// [`Error::Rows`] when they were changed meanwhile; the general failures of a statement.
pub async fn rotate(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<RotateStream>,
    settings: &Zeroizing<Vec<u8>>,
    version: u64,
) -> Result<(), Error> {
    let id = permit.target();
    let next = version.checked_add(1).ok_or(Error::Integrity("settings were changed too often"))?;
    let sealed = scope.keys().seal_version::<columns::StreamSettings>(id.bytes(), next, settings)?.into_bytes();
    let workspace = scope.workspace().uuid();
    let record = Record::about(id.uuid()).with("version", next);
    let params: crate::Params<'_> = &[&workspace, &id.uuid(), &sealed, &column(version)];
    scope.write(permit, record)?.execute_one(&statements::STREAM_SETTINGS, params).await
}

/// Removes the permit's stream with its dead letters; the record says how far it was.
///
/// # Errors
/// The general failures of a statement.
pub async fn remove(scope: &mut Scope<ReadWrite>, permit: Permit<RemoveStream>) -> Result<(), Error> {
    let id = permit.target();
    let before = one(scope, id).await?;
    let workspace = scope.workspace().uuid();
    let record = Record::about(id.uuid()).with("sent", before.sent);
    let writer = scope.write(permit, record)?;
    writer.execute(&statements::STREAM_DEAD_DELETE, &[&workspace, &id.uuid()]).await?;
    writer.execute_one(&statements::STREAM_DELETE, &[&workspace, &id.uuid()]).await
}

/// Notes that a test event leaves for the receiver of the permit's stream; it leaves after the commit.
///
/// # Errors
/// [`Error::Integrity`] for a permit of another scope.
pub fn tested(scope: &mut Scope<ReadWrite>, permit: Permit<TestStream>) -> Result<(), Error> {
    let id = permit.target();
    scope.write(permit, Record::about(id.uuid())).map(|_| ())
}

/// Lets the permit's stream follow its log into a later epoch while its lock is held: first it sends the records that open
/// it, then it goes on where it was. Says whether it did.
///
/// # Errors
/// The general failures of a statement.
pub async fn follow(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<FollowEpoch>,
    lock: &Lock,
    epoch: i32,
) -> Result<bool, Error> {
    let id = permit.target();
    let before = one(scope, id).await?;
    let record = Record::about(id.uuid()).with("epoch", epoch).with("before", before.epoch).with("first", before.next);
    let params: crate::Params<'_> = &[&scope.workspace().uuid(), &id.uuid(), &lock.lock, &epoch];
    Ok(scope.write(permit, record)?.execute(&statements::STREAM_FOLLOW, params).await? == 1)
}

/// Why a stream stands still, and at which leaves.
#[derive(Debug, Clone, Copy)]
pub struct Stop<'a> {
    /// [`StreamState::Error`] or [`StreamState::Invalid`].
    pub state: StreamState,
    /// Code of why.
    pub failure: &'a str,
    /// Epoch, first and last leaf of the batch that did not arrive: it becomes a dead letter.
    pub batch: Option<(i32, u64, u64)>,
    /// Attempts made at it.
    pub attempts: i32,
}

/// Stops the permit's stream while its lock is held; says whether it did. It does not when somebody changed it meanwhile.
///
/// # Errors
/// The general failures of a statement.
pub async fn stop(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<StopStream>,
    lock: &Lock,
    stop: Stop<'_>,
) -> Result<bool, Error> {
    let id = permit.target();
    let workspace = scope.workspace().uuid();
    let mut record = changed(id, StreamState::Active, stop.state).with("failure", stop.failure);
    if let Some((_, first, last)) = stop.batch {
        record = record.with("first", first).with("last", last).with("attempts", stop.attempts);
    }
    let writer = scope.write(permit, record)?;
    let params: crate::Params<'_> = &[&workspace, &id.uuid(), &stop.state.word(), &stop.failure, &lock.lock];
    if writer.execute(&statements::STREAM_STOP, params).await? != 1 {
        return Ok(false);
    }
    if let Some((epoch, first, last)) = stop.batch {
        let dead = DeadId::random().uuid();
        // A batch that was tried again by hand and died again is the same dead letter.
        writer.execute(&statements::STREAM_DEAD_AGAIN, &[&workspace, &id.uuid(), &column(first)]).await?;
        let params: crate::Params<'_> =
            &[&workspace, &id.uuid(), &dead, &epoch, &column(first), &column(last), &stop.failure, &stop.attempts];
        writer.execute_one(&statements::STREAM_DEAD_INSERT, params).await?;
    }
    Ok(true)
}
