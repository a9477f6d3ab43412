//! The eraser: carries out what was ordered to be erased.

use std::time::Duration;

use tenancy::erasure::Step;
use tenancy::{Database, Error};
use tokio::sync::watch;

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
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut troubled = false;
        while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
            let done = self.look().await;
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

    /// One look: every order is carried out as far as it goes. Says how many steps were made. An order that fails does not
    /// hold up the others.
    ///
    /// # Errors
    /// The first failure, after the others were tried.
    pub async fn look(&self) -> Result<u64, Error> {
        let (mut steps, mut failed) = (0, Ok(()));
        for (workspace, id) in self.database.erasures().await? {
            for _ in 0..STEPS_MAX {
                match self.database.carry_out(workspace, id).await {
                    Ok(Step::Nothing) => break,
                    Ok(Step::Shredded) => steps += 1,
                    Ok(Step::Erased(records)) => {
                        steps += 1;
                        tracing::info!(%workspace, erasure = %id, records, "erased");
                    }
                    Err(error) => {
                        failed = failed.and(Err(error));
                        break;
                    }
                }
            }
        }
        failed.map(|()| steps)
    }
}
