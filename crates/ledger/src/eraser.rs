//! The eraser: carries out what was ordered to be erased.

use std::time::Duration;

use tenancy::erasure::{Found, Step};
use tenancy::{Database, ErasureId, Error, WorkspaceId};
use tokio::sync::watch;

use crate::looking::{Looks, keep_looking};

/// How often orders are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
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
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        keep_looking(self, shutdown).await;
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

impl Looks for Eraser {
    const EVERY: Duration = LOOK_EVERY;
    const IN_TROUBLE: &'static str = "an erasure was not carried out";
    async fn look_once(&mut self, late: bool) -> Result<(), Error> {
        self.look(late).await.map(drop)
    }
}
