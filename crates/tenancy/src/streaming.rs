//! The streamer's side: taking streams that have something to send, in all workspaces, and moving their cursors.
//!
//! A stream that was taken is locked for half a minute under a lock of its own; whoever lost the lock moves nothing. Moving
//! a cursor leaves no record, for that record would be a leaf, and a leaf wants to be sent.

use jiff::SignedDuration;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::database::{self, Database, Params, column, number};
use crate::policy::SeeTrail;
use crate::scope::{Mode, Permit, Scope};
use crate::{Error, StreamId, WorkspaceId, statements, streams};

/// Seconds that a taken stream is the taker's own; a dead node's come back after it.
pub const LOCK_S: f64 = 30.0;

/// A stream that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The stream.
    pub stream: StreamId,
    pub(crate) lock: Uuid,
}

/// A batch that was cut: sent again as it is until it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its last leaf.
    pub last: u64,
    /// Leaves of its checkpoint.
    pub size: u64,
    /// The checkpoint's note.
    pub note: String,
}

/// What a taken stream wants to be sent.
pub struct ToSend {
    /// Its settings; nothing when they do not open.
    pub settings: Option<Zeroizing<Vec<u8>>>,
    /// Word of its format.
    pub format: String,
    /// Epoch of the log.
    pub epoch: i32,
    /// The leaf that is next.
    pub next: u64,
    /// The leaf behind the last that arrived.
    pub sent: u64,
    /// Leaves of the checkpoint that arrived last; 0 before the first.
    pub sent_size: u64,
    /// The batch that was cut and did not arrive yet.
    pub cut: Option<Cut>,
    /// Failed attempts at it.
    pub attempts: i32,
    /// Where it goes on behind the records that open its epoch, while these are not sent.
    pub resume: Option<Resume>,
}

/// Where a stream goes on in a log that began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The leaf of the new epoch.
    pub at: u64,
    /// The epoch before.
    pub epoch: i32,
    /// The leaf that would have been next there, which it is.
    pub next: u64,
}

impl std::fmt::Debug for ToSend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ToSend(next {}, {:?})", self.next, self.cut)
    }
}

/// What is to be sent of a taken stream; nothing when it was removed or is not active any more.
///
/// # Errors
/// The general failures of a query.
pub async fn to_send<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeTrail>,
    stream: StreamId,
) -> Result<Option<ToSend>, Error> {
    let row = scope.maybe(&statements::STREAM_TO_SEND, &[&scope.workspace().uuid(), &stream.uuid()]).await?;
    let Some(row) = row.filter(|row| row.get::<_, &str>(3) == streams::StreamState::Active.word()) else {
        return Ok(None);
    };
    let cut = row.get::<_, Option<i64>>(8).map(|last| Cut {
        last: number(last),
        size: number(row.get::<_, Option<i64>>(9).unwrap_or(0)),
        note: row.get::<_, Option<String>>(10).unwrap_or_default(),
    });
    Ok(Some(ToSend {
        settings: streams::open(scope, stream, number(row.get(1)), row.get(0)).ok(),
        format: row.get(2),
        epoch: row.get(4),
        next: number(row.get(5)),
        sent: number(row.get(6)),
        sent_size: number(row.get(7)),
        cut,
        attempts: row.get(11),
        resume: row.get::<_, Option<i64>>(12).map(|at| Resume {
            at: number(at),
            epoch: row.get(13),
            next: number(row.get(14)),
        }),
    }))
}

impl Database {
    /// Takes streams with something to send, one a workspace and none of those named, at most so many.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn take_streams(&self, but_of: &[WorkspaceId], most: usize) -> Result<Vec<Lock>, Error> {
        let client = self.worker().await?;
        let but_of: Vec<Uuid> = but_of.iter().map(|workspace| workspace.uuid()).collect();
        let most = column(most as u64);
        let rows = database::query(&client, &statements::STREAMER_TAKE, &[&but_of, &most, &LOCK_S]).await?;
        let lock = |row: &tokio_postgres::Row| Lock {
            workspace: WorkspaceId::from_uuid(row.get(0)),
            stream: StreamId::from_uuid(row.get(1)),
            lock: row.get(2),
        };
        Ok(rows.iter().map(lock).collect())
    }

    /// Keeps what a batch is, before it is sent for the first time; says whether the lock was still held.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn stream_cut(&self, lock: &Lock, first: u64, cut: &Cut) -> Result<bool, Error> {
        let client = self.worker().await?;
        let (workspace, stream) = (lock.workspace.uuid(), lock.stream.uuid());
        let (first, last, size) = (column(first), column(cut.last), column(cut.size));
        let params: Params<'_> = &[&workspace, &stream, &lock.lock, &first, &last, &size, &cut.note];
        Ok(database::execute(&client, &statements::STREAMER_CUT, params).await? == 1)
    }

    /// Moves the cursor behind a batch that arrived; says whether the lock was still held.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn stream_sent(&self, lock: &Lock, first: u64, last: u64) -> Result<bool, Error> {
        let client = self.worker().await?;
        let (workspace, stream) = (lock.workspace.uuid(), lock.stream.uuid());
        let (first, last) = (column(first), column(last));
        let params: Params<'_> = &[&workspace, &stream, &lock.lock, &first, &last];
        let row = database::query_opt(&client, &statements::STREAMER_SENT, params).await?;
        Ok(row.is_some_and(|row| row.get::<_, i64>(0) == 1))
    }

    /// Puts a stream back for later, with why its attempt failed.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn stream_failed(&self, lock: &Lock, failure: &str, delay: SignedDuration) -> Result<(), Error> {
        let client = self.worker().await?;
        let (workspace, stream, wait_s) = (lock.workspace.uuid(), lock.stream.uuid(), delay.as_secs_f64());
        let params: Params<'_> = &[&workspace, &stream, &lock.lock, &wait_s, &failure];
        database::execute(&client, &statements::STREAMER_FAIL, params).await.map(|_| ())
    }

    /// Gives a taken stream back as it was.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn stream_released(&self, lock: &Lock) -> Result<(), Error> {
        let client = self.worker().await?;
        let params: Params<'_> = &[&lock.workspace.uuid(), &lock.stream.uuid(), &lock.lock];
        database::execute(&client, &statements::STREAMER_RELEASE, params).await.map(|_| ())
    }
}
