//! The one runner of all checks, for the schedule, the button and the command line.
//!
//! What must stay true: of one check one run at a time, whoever asked; a run that cannot be finished is not proven at
//! once; a change of state is recorded at once, an unchanged one at most hourly.

mod stored;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tenancy::WorkspaceId;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::task::JoinSet;

use crate::checks::probes;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::{Check, CheckId, CheckRow, Needs, Outcome};
use crate::state::{Ended, LastRun, Standing};
use stored::Kept;

/// Longest run of one check.
const RUN_MAX: Duration = Duration::from_secs(8);
/// Checks that run at the same time.
const AT_ONCE: usize = 2;
/// How often the canary tokens are made anew; half their life.
const RENEW_EVERY: Duration = Duration::from_secs(12 * 3600);
/// Pause before the canary workspaces are tried again at the start, and how often.
const FURNISH_PAUSE: Duration = Duration::from_millis(500);
const FURNISH_TRIES: usize = 20;

/// Runs the checks and knows their newest runs.
pub struct Runner {
    cx: Arc<ProbeCtx>,
    platform: WorkspaceId,
    running: BTreeMap<CheckId, AsyncMutex<()>>,
    at_once: Semaphore,
    furnishing: AsyncMutex<()>,
    known: Mutex<Known>,
}

/// What is known of the checks.
#[derive(Default)]
struct Known {
    runs: BTreeMap<CheckId, LastRun>,
    seen: BTreeMap<CheckId, Seen>,
    kept: BTreeMap<CheckId, Kept>,
}

/// What the newest run of a check looked at, for owners and auditors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The observation, or why there is none.
    pub text: String,
    /// Members of the population that were as they should be.
    pub population_n: u64,
    /// Members that were looked at; 0 when the run could not be finished.
    pub population_of: u64,
    /// SHA-256 of what defined the population.
    pub population_sha256: Option<[u8; 32]>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runner")
    }
}

impl Runner {
    /// A runner that knows what was stored of earlier runs. The workspace `platform` must exist.
    ///
    /// # Errors
    /// When the stored states cannot be read.
    pub async fn start(cx: ProbeCtx) -> Result<Arc<Self>, ProbeError> {
        let platform = cx.db.workspace_of("platform").await?;
        let mut known = Known::default();
        for (run, kept, seen) in stored::load(&cx.db, platform).await? {
            known.seen.insert(run.check, seen);
            known.kept.insert(run.check, kept);
            known.runs.insert(run.check, run);
        }
        Ok(Arc::new(Self {
            cx: Arc::new(cx),
            platform,
            running: CheckId::ALL.iter().map(|id| (*id, AsyncMutex::new(()))).collect(),
            at_once: Semaphore::new(AT_ONCE),
            furnishing: AsyncMutex::new(()),
            known: Mutex::new(known),
        }))
    }

    /// What the checks are given.
    #[must_use]
    pub fn context(&self) -> &ProbeCtx {
        &self.cx
    }

    /// The newest run of every check that ever ran.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<CheckId, LastRun> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).runs.clone()
    }

    /// The states of all claims now.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        Standing::at(self.snapshot().into_values().collect(), now)
    }

    /// What the newest run of a check looked at.
    #[must_use]
    pub fn seen(&self, check: CheckId) -> Option<Seen> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).seen.get(&check).cloned()
    }

    /// The last days of a check, today last, the worst of each as one sign: `p` passed, `f` failed, `n` not proven, `-`
    /// for a day without a run. At most 90.
    #[must_use]
    pub fn strip(&self, check: CheckId) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.kept.get(&check).map(|kept| kept.strip.clone()).unwrap_or_default()
    }

    /// Runs every check once, a few at a time, and waits for all.
    pub async fn run_all(self: &Arc<Self>) {
        let mut all = JoinSet::new();
        for check in CheckId::ALL {
            let runner = Arc::clone(self);
            all.spawn(async move { runner.run(*check).await });
        }
        while all.join_next().await.is_some() {}
    }

    /// Runs a check. Whoever asks while it runs gets the result of that run.
    pub async fn run(&self, check: CheckId) -> LastRun {
        let asked_at = Timestamp::now();
        let _one = match self.running.get(&check) {
            Some(mutex) => Some(mutex.lock().await),
            None => None,
        };
        if let Some(shared) = self.snapshot().remove(&check)
            && shared.finished_at > asked_at
        {
            return shared;
        }
        let outcome = match self.at_once.acquire().await {
            Ok(_place) => self.execute(check).await,
            Err(_) => Outcome::unfinished("the runner is ending"),
        };
        self.note(check, outcome).await
    }

    /// Runs the checks on their cadence until the future is dropped; the first runs begin at once.
    pub async fn keep_running(self: Arc<Self>) {
        for _ in 0..FURNISH_TRIES {
            if self.furnish().await.is_ok() {
                break;
            }
            tokio::time::sleep(FURNISH_PAUSE).await;
        }
        let mut tasks = JoinSet::new();
        for check in CheckId::ALL {
            let runner = Arc::clone(&self);
            tasks.spawn(async move {
                loop {
                    runner.run(*check).await;
                    let [chance] = seal::random::<1>();
                    tokio::time::sleep(pause(check.row().cadence, chance)).await;
                }
            });
        }
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                if let Err(error) = self.cx.canary.renew(&self.cx.db).await {
                    tracing::warn!(%error, "the tokens of the live checks were not renewed");
                }
            }
        });
        while tasks.join_next().await.is_some() {}
    }

    async fn furnish(&self) -> Result<(), ProbeError> {
        let _one = self.furnishing.lock().await;
        match tokio::time::timeout(RUN_MAX, self.cx.furnish()).await {
            Ok(done) => done,
            Err(_) => Err(ProbeError::Listener),
        }
    }

    async fn execute(&self, check: CheckId) -> Outcome {
        let row = check.row();
        if let Err(error) = self.furnish().await {
            tracing::warn!(%error, "the canary workspaces are not ready");
            if needs_canaries(row) {
                return error.into_outcome();
            }
        }
        let Some(probe) = probes().iter().find(|probe| probe.id() == check) else {
            return Outcome::unfinished("nothing runs this check");
        };
        finished(*probe, Arc::clone(&self.cx)).await
    }

    async fn note(&self, check: CheckId, outcome: Outcome) -> LastRun {
        let now = Timestamp::now();
        let seen = seen_of(&outcome);
        let (run, due) = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let run = next_run(known.runs.get(&check), check, ended_of(&outcome), now);
            let due = stored::due(known.kept.get(&check), outcome.code(), now);
            known.runs.insert(check, run.clone());
            known.seen.insert(check, seen.clone());
            (run, due.map(|()| known.kept.get(&check).cloned()))
        };
        if let Some(before) = due {
            match stored::store(&self.cx.db, self.platform, &run, &seen, before.as_ref()).await {
                Ok(kept) => {
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).kept.insert(check, kept);
                }
                // Tried again with the next run: what is kept still says the old state.
                Err(error) => tracing::warn!(check = check.code(), %error, "a verdict was not recorded"),
            }
        }
        run
    }
}

/// A run in a task of its own, so that neither a panic nor a hanging peer ends the runner.
async fn finished(probe: &'static dyn Check<ProbeCtx>, cx: Arc<ProbeCtx>) -> Outcome {
    let task = tokio::spawn(async move { tokio::time::timeout(RUN_MAX, probe.run(&cx)).await });
    match task.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::unfinished(format!("the run took longer than {} s", RUN_MAX.as_secs())),
        Err(_) => Outcome::unfinished("the run broke off"),
    }
}

fn needs_canaries(row: &CheckRow) -> bool {
    row.needs.contains(&Needs::Canaries)
}

fn ended_of(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Pass(_) => Ended::Pass,
        Outcome::Fail(_) => Ended::Fail,
        Outcome::NotProven(reason) => Ended::NotProven(reason.clone()),
    }
}

fn seen_of(outcome: &Outcome) -> Seen {
    match outcome {
        Outcome::Pass(seen) | Outcome::Fail(seen) => Seen {
            text: seen.text().to_owned(),
            population_n: seen.population_n(),
            population_of: seen.population_of(),
            population_sha256: Some(*seen.sha256()),
        },
        Outcome::NotProven(reason) => {
            Seen { text: reason.as_str().to_owned(), population_n: 0, population_of: 0, population_sha256: None }
        }
    }
}

/// The newest run, after the one before it.
fn next_run(before: Option<&LastRun>, check: CheckId, ended: Ended, now: Timestamp) -> LastRun {
    let same = before.filter(|run| kind(&run.ended) == kind(&ended));
    let since = same.map_or(now, |run| run.since);
    let last_pass_at = if ended == Ended::Pass { Some(now) } else { before.and_then(|run| run.last_pass_at) };
    LastRun { check, ended, finished_at: now, since, last_pass_at }
}

/// The code of an end, as stored: two reasons of not proven are the same state.
fn kind(ended: &Ended) -> &'static str {
    match ended {
        Ended::Pass => "pass",
        Ended::Fail => "fail",
        Ended::NotProven(_) => "not_proven",
    }
}

/// Seven to ten tenths of the cadence, so that checks spread out and none comes late.
fn pause(cadence: Duration, chance: u8) -> Duration {
    cadence.mul_f64(0.7 + 0.3 * f64::from(chance) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Reason;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_run_continues_the_row_before_it_or_begins_one() {
        let id = CheckId::Hsts;
        let first = next_run(None, id, Ended::Pass, at(10));
        assert_eq!((first.since, first.last_pass_at), (at(10), Some(at(10))));
        let second = next_run(Some(&first), id, Ended::Pass, at(20));
        assert_eq!((second.since, second.finished_at, second.last_pass_at), (at(10), at(20), Some(at(20))));
        let third = next_run(Some(&second), id, Ended::Fail, at(30));
        assert_eq!((third.since, third.last_pass_at), (at(30), Some(at(20))));
        let why = |text: &str| Ended::NotProven(Reason::new(text));
        let fourth = next_run(Some(&third), id, why("a"), at(40));
        let fifth = next_run(Some(&fourth), id, why("b"), at(50));
        assert_eq!((fifth.since, fifth.last_pass_at), (at(40), Some(at(20))));
    }

    #[test]
    fn pauses_stay_within_the_cadence() {
        let cadence = Duration::from_secs(30);
        assert_eq!(pause(cadence, 0).as_secs(), 21);
        assert!(pause(cadence, 255) <= cadence);
    }

    #[test]
    fn an_unfinished_run_has_no_population() {
        let seen = seen_of(&Outcome::unfinished("it stopped"));
        assert_eq!((seen.population_of, seen.text.as_str()), (0, "it stopped"));
    }
}
