//! How a worker of the ledger goes on: it looks, rests and looks again, and says once that it is in trouble.

use std::time::Duration;

use tenancy::Error;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often what was carried out is looked at for what came late.
const LATE_EVERY: Duration = Duration::from_secs(60);

/// A worker that looks for what is to be done.
pub(crate) trait Looks: Send {
    /// How often it looks.
    const EVERY: Duration;
    /// What is logged of the first of several failures in a row.
    const IN_TROUBLE: &'static str;
    /// Looks once; with `late`, at once and then once a minute, also for what came late.
    fn look_once(&mut self, late: bool) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Looks again and again until `shutdown` holds `true` or its sender is gone.
pub(crate) async fn keep_looking<W: Looks>(mut worker: W, mut shutdown: watch::Receiver<bool>) {
    let mut is_troubled = false;
    let mut late_at = Instant::now();
    while shutdown.has_changed().is_ok() && !*shutdown.borrow() {
        let late = Instant::now() >= late_at;
        if late {
            late_at = Instant::now() + LATE_EVERY;
        }
        let done = worker.look_once(late).await;
        if let Err(error) = &done
            && !is_troubled
        {
            tracing::warn!(%error, state = error.sql_state(), "{}; trying again", W::IN_TROUBLE);
        }
        is_troubled = done.is_err();
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(W::EVERY) => {}
        }
    }
}
