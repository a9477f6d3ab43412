//! The streamer: takes streams that have something to send, sends a batch of each, and moves their cursors.

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;
use tenancy::policy::{FollowEpoch, SeeTrail, StopStream};
use tenancy::streaming::{self, Cut, Lock, ToSend};
use tenancy::streams::{self, Stop, StreamState};
use tenancy::{Channel, Credential, Database, Error, Internal, Origin, Whole, WorkspaceId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::address::Private;
use super::batch::Batch;
use super::gather::{Gathered, gather};
use super::send::{Outgoing, Refusal, SendError};
use super::settings::{Format, Settings};

/// How often it is looked for streams that have something to send.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Most batches under way at once.
const AT_ONCE_MAX: usize = 16;
/// Most of them of one workspace: receivers that hang hold up the streams of nobody else.
const OF_ONE_MAX: usize = 2;
/// Waits after the first, second, ... failed attempt, in seconds; the last one counts for all that follow.
const WAITS_S: [i64; 7] = [2, 10, 30, 120, 600, 1800, 3600];

/// How a stream that fails is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Attempts at a batch, after which the stream stands still; about nine hours.
    pub attempts_max: i32,
    /// The wait after a failed attempt, by their number and by chance.
    pub wait: fn(i32, u16) -> SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { attempts_max: 15, wait: back_off }
    }
}

/// 2 s, 10 s, 30 s, 2 min, 10 min, 30 min, then an hour, lengthened by up to a fifth.
fn back_off(attempts: i32, chance: u16) -> SignedDuration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(WAITS_S.len() - 1);
    let wait_ms = WAITS_S[step] * 1000;
    SignedDuration::from_millis(wait_ms + wait_ms / 5 * i64::from(chance) / i64::from(u16::MAX))
}

/// Sends streams until it is told to stop.
#[derive(Debug, Clone)]
pub struct Streamer {
    database: Database,
    private: Private,
    pace: Pace,
}

/// What came of one turn of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A batch arrived.
    Sent,
    /// There was nothing, or somebody else had it.
    Nothing,
    /// A batch did not arrive.
    Failed,
    /// The stream stands still now.
    Stopped,
}

impl Streamer {
    /// A streamer; `private` is the operator's word.
    #[must_use]
    pub fn new(database: Database, private: Private) -> Self {
        Self { database, private, pace: Pace::default() }
    }

    /// The same, trying again at another pace.
    #[must_use]
    pub fn at(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Sends until `shutdown` holds `true` or its sender is gone: then nothing new is begun, and what was begun is
    /// finished.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut begun = Begun::default();
        let mut troubled = false;
        while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
            let taken = self.take(&begun).await;
            if let (Err(error), false) = (&taken, troubled) {
                tracing::warn!(%error, "streams cannot be taken; trying again");
            }
            troubled = taken.is_err();
            for lock in taken.unwrap_or_default() {
                begun.begin(&self, lock);
            }
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = begun.one_ended(), if begun.any() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        while begun.any() {
            begun.one_ended().await;
        }
    }

    async fn take(&self, begun: &Begun) -> Result<Vec<Lock>, Error> {
        if begun.is_full() {
            return Ok(Vec::new());
        }
        self.database.take_streams(&begun.busy(), AT_ONCE_MAX - begun.tasks.len()).await
    }

    /// One turn of a taken stream. Whatever fails, its lock runs out by itself.
    async fn turn(&self, lock: &Lock) -> Turn {
        match self.attempt(lock).await {
            Ok(turn) => turn,
            Err(error) => {
                let (workspace, stream) = (lock.workspace, lock.stream);
                tracing::warn!(%workspace, %stream, %error, state = error.sql_state(), "a stream's turn failed");
                let wait = (self.pace.wait)(1, chance());
                drop(self.database.stream_failed(lock, "ourselves", wait).await);
                Turn::Failed
            }
        }
    }

    async fn attempt(&self, lock: &Lock) -> Result<Turn, Error> {
        let origin = Origin::internal(Channel::Worker);
        let mut scope = self.database.view(Credential::Internal(Internal::Streamer), lock.workspace, origin).await?;
        let permit = scope.permit::<SeeTrail>(Whole).await?;
        let Some(wanted) = streaming::to_send(&scope, &permit, lock.stream).await? else {
            self.database.stream_released(lock).await?;
            return Ok(Turn::Nothing);
        };
        let settings = wanted.settings.as_ref().and_then(|bytes| Settings::parse(bytes).ok());
        let (Some(settings), Some(format)) = (settings, Format::of(&wanted.format)) else {
            return self.stop(lock, &wanted, StreamState::Invalid, &SendError::Settings.code(), None).await;
        };
        let gathered = match gather(&scope, &permit, lock.stream, format, &wanted).await {
            Err(Error::Integrity(what)) => Gathered::Damaged(what),
            other => other?,
        };
        let at = scope.now();
        scope.finish();
        let batch = match gathered {
            Gathered::Batch(batch) => batch,
            Gathered::Nothing => {
                self.database.stream_released(lock).await?;
                return Ok(Turn::Nothing);
            }
            Gathered::NewEpoch(epoch) => return self.follow(lock, epoch).await,
            Gathered::Damaged(what) => {
                let (workspace, stream) = (lock.workspace, lock.stream);
                tracing::error!(%workspace, %stream, what, "a stream stands still: its log is not what was signed");
                return self.stop(lock, &wanted, StreamState::Error, "log_damaged", None).await;
            }
        };
        if wanted.cut.is_none() {
            let cut = Cut { last: batch.last(), size: batch.checkpoint.size, note: batch.note.clone() };
            if !self.database.stream_cut(lock, batch.first, &cut).await? {
                return Ok(Turn::Nothing);
            }
        }
        let sent = Outgoing { settings: &settings, private: self.private, at }.send(&batch.payload(format)).await;
        self.note(lock, &wanted, &batch, sent.map(|_| ())).await
    }

    /// The log began anew: the stream follows it, with a record, and is taken again.
    async fn follow(&self, lock: &Lock, epoch: i32) -> Result<Turn, Error> {
        let (workspace, stream) = (lock.workspace, lock.stream);
        let origin = Origin::internal(Channel::Worker);
        let mut scope = self.database.scope(Credential::Internal(Internal::Streamer), workspace, origin).await?;
        let permit = scope.permit::<FollowEpoch>(stream).await?;
        if streams::follow(&mut scope, permit, lock, epoch).await? {
            drop(scope.commit().await?);
        } else {
            drop(scope);
        }
        self.database.stream_released(lock).await?;
        Ok(Turn::Nothing)
    }

    /// What came of sending.
    async fn note(
        &self,
        lock: &Lock,
        wanted: &ToSend,
        batch: &Batch,
        sent: Result<(), SendError>,
    ) -> Result<Turn, Error> {
        let (workspace, stream) = (lock.workspace, lock.stream);
        let Err(error) = sent else {
            let is_moved = self.database.stream_sent(lock, batch.first, batch.last()).await?;
            return Ok(if is_moved { Turn::Sent } else { Turn::Nothing });
        };
        let attempts = wanted.attempts.saturating_add(1);
        let code = error.code();
        let span = Some((wanted.epoch, batch.first, batch.last()));
        match error.refusal() {
            Refusal::Setup => self.stop(lock, wanted, StreamState::Invalid, &code, None).await,
            Refusal::ForNow(after) if attempts < self.pace.attempts_max => {
                let wait = (self.pace.wait)(attempts, chance()).max(after);
                tracing::warn!(%workspace, %stream, attempts, code, wait_s = wait.as_secs(), "a batch did not arrive");
                self.database.stream_failed(lock, &code, wait).await?;
                Ok(Turn::Failed)
            }
            Refusal::ForNow(_) | Refusal::ForGood => self.stop(lock, wanted, StreamState::Error, &code, span).await,
        }
    }

    /// Lets a stream stand still, with a record; a batch that did not arrive becomes a dead letter.
    async fn stop(
        &self,
        lock: &Lock,
        wanted: &ToSend,
        state: StreamState,
        failure: &str,
        batch: Option<(i32, u64, u64)>,
    ) -> Result<Turn, Error> {
        let (workspace, stream) = (lock.workspace, lock.stream);
        let origin = Origin::internal(Channel::Worker);
        let mut scope = self.database.scope(Credential::Internal(Internal::Streamer), workspace, origin).await?;
        let permit = scope.permit::<StopStream>(stream).await?;
        let stop = Stop { state, failure, batch, attempts: wanted.attempts.saturating_add(1) };
        if !streams::stop(&mut scope, permit, lock, stop).await? {
            drop(scope);
            self.database.stream_released(lock).await?;
            return Ok(Turn::Nothing);
        }
        drop(scope.commit().await?);
        tracing::error!(%workspace, %stream, state = state.word(), failure, "a stream stands still");
        Ok(Turn::Stopped)
    }
}

fn chance() -> u16 {
    u16::from_le_bytes(seal::random())
}

/// The turns that were begun.
#[derive(Default)]
struct Begun {
    tasks: JoinSet<WorkspaceId>,
    of: HashMap<WorkspaceId, usize>,
}

impl Begun {
    fn is_full(&self) -> bool {
        self.tasks.len() >= AT_ONCE_MAX
    }

    fn any(&self) -> bool {
        !self.tasks.is_empty()
    }

    fn busy(&self) -> Vec<WorkspaceId> {
        self.of.iter().filter(|(_, under_way)| **under_way >= OF_ONE_MAX).map(|(of, _)| *of).collect()
    }

    fn begin(&mut self, streamer: &Streamer, lock: Lock) {
        *self.of.entry(lock.workspace).or_default() += 1;
        let streamer = streamer.clone();
        self.tasks.spawn(async move {
            // A turn that panics is one that failed: its lock runs out.
            let turn = tokio::spawn(async move { streamer.turn(&lock).await });
            if turn.await.is_err() {
                tracing::error!(workspace = %lock.workspace, stream = %lock.stream, "a stream's turn ended by a defect");
            }
            lock.workspace
        });
    }

    async fn one_ended(&mut self) {
        let Some(Ok(of)) = self.tasks.join_next().await else { return };
        if let Some(under_way) = self.of.get_mut(&of) {
            *under_way -= 1;
            if *under_way == 0 {
                self.of.remove(&of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_back_off_has_its_bounds() {
        for (attempts, seconds) in [(i32::MIN, 2), (0, 2), (1, 2), (2, 10), (7, 3600), (8, 3600), (i32::MAX, 3600)] {
            let step = SignedDuration::from_secs(seconds);
            assert_eq!(back_off(attempts, 0), step);
            assert_eq!(back_off(attempts, u16::MAX), step + step / 5);
        }
    }
}
