//! The courier: takes due effects, delivers them, puts failed ones back.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tenancy::{Database, Due};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::back_off::back_off;
use crate::compose::MailComposer;
use crate::delivery::{DELIVERY_MAX, Delivered, DeliveryError, deliver};
use crate::letter::Sender;
use crate::pace::{PER_SECOND_DEFAULT, Pace};
use crate::transport::Transport;
use crate::turns::in_turns;

/// Most effects that one courier delivers at once.
pub const AT_ONCE_MAX: usize = 4;
/// The floor under the wake-up: how often due effects are looked for in any case.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Delivers effects until it is told to stop.
pub struct Courier<C> {
    database: Database,
    composer: C,
    transport: Transport,
    sender: Sender,
    chance: fn() -> u16,
    per_second: u32,
}

impl<C> std::fmt::Debug for Courier<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Courier({:?})", self.transport)
    }
}

impl<C: MailComposer> Courier<C> {
    /// A courier with the operating system's randomness for its back-off.
    #[must_use]
    pub fn new(database: Database, composer: C, transport: Transport, sender: Sender) -> Self {
        Self::with_chance(database, composer, transport, sender, || u16::from_le_bytes(seal::random()))
    }

    /// A courier with randomness of one's own for its back-off.
    #[must_use]
    pub fn with_chance(
        database: Database,
        composer: C,
        transport: Transport,
        sender: Sender,
        chance: fn() -> u16,
    ) -> Self {
        Self { database, composer, transport, sender, chance, per_second: PER_SECOND_DEFAULT }
    }

    /// The same courier, letting so many effects leave in a second.
    #[must_use]
    pub fn at_pace(self, per_second: u32) -> Self {
        Self { per_second, ..self }
    }

    /// Delivers until `shutdown` holds `true` or its sender is gone: then nothing new is begun, what was begun is
    /// finished (at most [`DELIVERY_MAX`]), and what was only taken goes back.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        let (chance, pace) = (self.chance, Pace::per_second(self.per_second));
        run(Arc::new(self), chance, pace, shutdown).await;
    }
}

/// What the loop needs of the outside; the tests have their own.
trait Round: Send + Sync + 'static {
    fn take(&self) -> impl Future<Output = Result<Vec<Due>, tenancy::Error>> + Send;
    fn deliver(&self, due: &Due) -> impl Future<Output = Result<Delivered, DeliveryError>> + Send;
    fn put_back(
        &self,
        due: &Due,
        code: &'static str,
        delay: SignedDuration,
    ) -> impl Future<Output = Result<(), tenancy::Error>> + Send;
    fn written(&self) -> impl Future<Output = ()> + Send;
}

impl<C: MailComposer> Round for Courier<C> {
    async fn take(&self) -> Result<Vec<Due>, tenancy::Error> {
        self.database.take_due().await
    }
    async fn deliver(&self, due: &Due) -> Result<Delivered, DeliveryError> {
        deliver(&self.database, &self.composer, &self.transport, &self.sender, due).await
    }
    async fn put_back(&self, due: &Due, code: &'static str, delay: SignedDuration) -> Result<(), tenancy::Error> {
        self.database.put_back(due, code, delay).await
    }
    async fn written(&self) {
        self.database.effect_written().await;
    }
}

/// Whether there may be more than was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Appetite {
    Hungry,
    Fed,
}

async fn run<R: Round>(round: Arc<R>, chance: fn() -> u16, mut pace: Pace, mut shutdown: watch::Receiver<bool>) {
    let mut waiting: VecDeque<Due> = VecDeque::new();
    let mut begun = Begun::default();
    let mut appetite = Appetite::Hungry;
    let mut troubled = false;
    // A sender that is gone means the same as a stop: nobody could tell us any more.
    while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
        if waiting.is_empty() && begun.has_room() && appetite == Appetite::Hungry {
            let taken = round.take().await;
            if let Err(error) = &taken
                && !troubled
            {
                tracing::warn!(%error, "due effects cannot be taken; trying every second");
            }
            troubled = taken.is_err();
            waiting = in_turns(taken.unwrap_or_default());
            appetite = if waiting.is_empty() { Appetite::Fed } else { Appetite::Hungry };
        }
        while begun.has_room()
            && pace.wait(Instant::now()).is_zero()
            && let Some(due) = waiting.pop_front()
        {
            pace.spend(Instant::now());
            begun.begin(&round, chance, due);
        }
        if waiting.is_empty() && begun.has_room() && appetite == Appetite::Hungry {
            continue;
        }
        let is_held = !waiting.is_empty() && begun.has_room();
        let nap = if is_held { pace.wait(Instant::now()) } else { POLL_EVERY };
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => {}
            () = begun.one_ended(&round, chance), if begun.any() => {}
            () = round.written(), if appetite == Appetite::Fed => appetite = Appetite::Hungry,
            () = tokio::time::sleep(nap) => appetite = Appetite::Hungry,
        }
    }
    while begun.any() {
        begun.one_ended(&round, chance).await;
    }
    for due in &waiting {
        // At its last attempt it would become a dead letter for nothing: its lock runs out instead.
        if due.attempts < due.max_attempts {
            put_back(&*round, due, &DeliveryError::Stopped, SignedDuration::ZERO).await;
        }
    }
}

/// The deliveries that were begun.
#[derive(Default)]
struct Begun {
    tasks: JoinSet<()>,
    dues: HashMap<Id, Due>,
}

impl Begun {
    fn has_room(&self) -> bool {
        self.tasks.len() < AT_ONCE_MAX
    }
    fn any(&self) -> bool {
        !self.tasks.is_empty()
    }

    fn begin<R: Round>(&mut self, round: &Arc<R>, chance: fn() -> u16, due: Due) {
        let round = Arc::clone(round);
        let kept = due.clone();
        let task = self.tasks.spawn(async move { attempt(&*round, chance, &due).await });
        self.dues.insert(task.id(), kept);
    }

    /// Waits for one to end. It may be dropped while it waits and loses nothing.
    async fn one_ended<R: Round>(&mut self, round: &Arc<R>, chance: fn() -> u16) {
        let ended = self.tasks.join_next_with_id().await;
        let Some(ended) = ended else { return };
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let due = self.dues.remove(&id);
        if let (Err(_), Some(due)) = (ended, due) {
            let round = Arc::clone(round);
            let delay = back_off(due.attempts, chance());
            self.tasks.spawn(async move { put_back(&*round, &due, &DeliveryError::Defect, delay).await });
        }
    }
}

/// One attempt, within its time; a failed one goes back.
async fn attempt<R: Round>(round: &R, chance: fn() -> u16, due: &Due) {
    let outcome = match tokio::time::timeout(DELIVERY_MAX, round.deliver(due)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(DeliveryError::TooSlow),
    };
    match outcome {
        Ok(Delivered::Letters(letters)) => {
            tracing::info!(workspace = %due.workspace, effect = %due.id, kind = %due.kind, letters, "effect delivered");
        }
        Ok(Delivered::Before) => {
            tracing::debug!(workspace = %due.workspace, effect = %due.id, "effect was delivered before");
        }
        Err(error) => put_back(round, due, &error, back_off(due.attempts, chance())).await,
    }
}

async fn put_back<R: Round>(round: &R, due: &Due, error: &DeliveryError, delay: SignedDuration) {
    let (workspace, effect, kind, attempts) = (due.workspace, due.id, due.kind.as_str(), due.attempts);
    let code = error.code();
    if attempts >= due.max_attempts {
        tracing::error!(%workspace, %effect, kind, attempts, code, "effect given up: a dead letter");
    } else {
        tracing::warn!(%workspace, %effect, kind, attempts, code, delay_s = delay.as_secs(), "effect put back");
    }
    if let Err(error) = round.put_back(due, code, delay).await {
        tracing::warn!(%workspace, %effect, %error, "effect could not be put back; it comes back when its lock ends");
    }
}

#[cfg(test)]
#[path = "courier_tests.rs"]
mod tests;
