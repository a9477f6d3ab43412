//! The eraser: carries out what was ordered to be erased.

use std::time::Duration;

use tenancy::erasure::{Found, Step};
use tenancy::{Database, ErasureId, Error, WorkspaceId};
use tokio::sync::watch;
use tokio::time::Instant;

/// How often orders are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often orders that were carried out are looked at for what came late.
const LATE_EVERY: Duration = Duration::from_secs(60);
/// Most steps of one order at one look; two are all there are.
const STEPS_MAX: usize = 4;

/// Carries out orders until it is told to stop. Several nodes may each have one: an order is locked while a step is made.
#[derive(Debug, Clone)]
pub struct Eraser {
    database: Database,
}

impl Eraser {
    /// An eraser.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Looks for orders until `shutdown` holds `true` or its sender is gone.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut troubled = false;
        let mut late_at = Instant::now();
        while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
            let late = Instant::now() >= late_at;
            if late {
                late_at = Instant::now() + LATE_EVERY;
            }
            let done = self.look(late).await;
            if let Err(error) = &done
                && !troubled
            {
                tracing::warn!(%error, state = error.sql_state(), "an erasure was not carried out; trying again");
            }
            troubled = done.is_err();
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One look: every order is carried out as far as it goes, with `late` also for what came after it. Says how many steps
    /// were made. An order that fails does not hold up the others.
    ///
    /// # Errors
    /// The first failure, after the others were tried.
    pub async fn look(&self, late: bool) -> Result<u64, Error> {
        let (mut steps, mut failed) = (0, Ok(()));
        for order in self.database.erasures(late).await? {
            match self.pursue(order).await {
                Ok(made) => steps += made,
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed.map(|()| steps)
    }

    async fn pursue(&self, order: Found) -> Result<u64, Error> {
        let Found { workspace, id, is_done } = order;
        if is_done && !self.database.came_late(workspace, id).await? {
            return Ok(0);
        }
        self.carry_out(workspace, id).await
    }

    /// Carries out one order as far as it goes; says how many steps were made.
    ///
    /// # Errors
    /// The general failures; then the order is as far as it came and may be tried again.
    pub async fn carry_out(&self, workspace: WorkspaceId, id: ErasureId) -> Result<u64, Error> {
        let mut steps = 0;
        for _ in 0..STEPS_MAX {
            match self.database.carry_out(workspace, id).await? {
                Step::Nothing => break,
                Step::Shredded => steps += 1,
                Step::Erased(records) => {
                    steps += 1;
                    tracing::info!(%workspace, erasure = %id, records, "erased");
                }
            }
        }
        Ok(steps)
    }
}
