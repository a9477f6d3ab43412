//! Verifying in the background: somebody orders that the log of their workspace is recomputed, looks at how far it is, and
//! finds the verdict in the trail itself, as a record. One at a time for a workspace, a few for the server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tenancy::policy::{NoteVerification, SeeTrail};
use tenancy::{
    Channel, Credential, Database, Error, Internal, Origin, Permit, ReadOnly, Record, Scope, Whole, WorkspaceId,
};
use tokio::time::{Instant, timeout_at};

use crate::live::{Report, Verification};

/// Most logs that a server recomputes at once.
pub const AT_ONCE_MAX: usize = 2;
/// Longest that one is recomputed.
pub const TIME_MAX: Duration = Duration::from_secs(3_600);
/// Most findings that the verdict's record holds; the rest is counted.
pub const FINDINGS_NOTED_MAX: usize = 20;
/// Pages of leaves that are read in one transaction.
const PAGES_A_SCOPE: usize = 32;

/// Why nothing was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// The workspace's log is being recomputed already.
    #[error("the log of this workspace is being recomputed already")]
    Running,
    /// As many are being recomputed as the server does at once.
    #[error("the server recomputes {AT_ONCE_MAX} logs already; come again in a minute")]
    Server,
}

/// How far one is: leaves that are done and leaves in all, both 0 before it has looked.
#[derive(Debug, Default)]
struct Progress {
    done: AtomicU64,
    all: AtomicU64,
}

/// What runs on this server.
#[derive(Debug, Clone, Default)]
pub struct Verifications(Arc<Mutex<BTreeMap<WorkspaceId, Arc<Progress>>>>);

/// A place among those that run; it is given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    all: Verifications,
    workspace: WorkspaceId,
    progress: Arc<Progress>,
}

impl Verifications {
    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<WorkspaceId, Arc<Progress>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a workspace.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn take(&self, workspace: WorkspaceId) -> Result<Place, Busy> {
        let mut running = self.running();
        if running.contains_key(&workspace) {
            return Err(Busy::Running);
        }
        if running.len() >= AT_ONCE_MAX {
            return Err(Busy::Server);
        }
        let progress = Arc::new(Progress::default());
        running.insert(workspace, Arc::clone(&progress));
        drop(running);
        Ok(Place { all: self.clone(), workspace, progress })
    }

    /// How far a workspace's is: leaves done and leaves in all; nothing when none runs.
    #[must_use]
    pub fn progress(&self, workspace: WorkspaceId) -> Option<(u64, u64)> {
        let running = self.running();
        let progress = running.get(&workspace)?;
        Some((progress.done.load(Ordering::Relaxed), progress.all.load(Ordering::Relaxed)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.running().remove(&self.workspace);
    }
}

impl Place {
    /// Recomputes the workspace's log in the background and leaves the verdict as a record.
    pub fn begin(self, database: Database) {
        // Nobody waits for it: whoever ordered it looks at the trail.
        drop(tokio::spawn(async move {
            let until = Instant::now() + TIME_MAX;
            let verdict = match timeout_at(until, self.recompute(&database)).await {
                Ok(verdict) => verdict.map_err(|error| error.to_string()),
                Err(_) => Err(format!("it took longer than {} minutes", TIME_MAX.as_secs() / 60)),
            };
            if let Err(error) = note(&database, self.workspace, &verdict).await {
                tracing::error!(workspace = %self.workspace, %error, "the verdict on a log could not be noted");
            }
        }));
    }

    async fn recompute(&self, database: &Database) -> Result<Report, Error> {
        let (scope, permit) = view(database, self.workspace).await?;
        let mut verification = Verification::begin(database, &scope, &permit).await?;
        scope.finish();
        loop {
            let (scope, permit) = view(database, self.workspace).await?;
            for _ in 0..PAGES_A_SCOPE {
                let is_more = verification.read(&scope, &permit).await?;
                let (done, all) = verification.progress();
                self.progress.done.store(done, Ordering::Relaxed);
                self.progress.all.store(all, Ordering::Relaxed);
                if !is_more {
                    let report = verification.finish(&scope, &permit).await?;
                    scope.finish();
                    return Ok(report);
                }
            }
            scope.finish();
        }
    }
}

async fn view(database: &Database, workspace: WorkspaceId) -> Result<(Scope<ReadOnly>, Permit<SeeTrail>), Error> {
    let prober = Credential::Internal(Internal::Prober);
    let mut scope = database.view(prober, workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    Ok((scope, permit))
}

/// Leaves the verdict in the workspace's trail, where it has its own leaf.
async fn note(database: &Database, workspace: WorkspaceId, verdict: &Result<Report, String>) -> Result<(), Error> {
    let prober = Credential::Internal(Internal::Prober);
    let mut scope = database.scope(prober, workspace, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<NoteVerification>(Whole).await?;
    scope.write(permit, record_of(workspace, verdict))?;
    drop(scope.commit().await?);
    Ok(())
}

fn record_of(workspace: WorkspaceId, verdict: &Result<Report, String>) -> Record {
    let record = Record::about(workspace.uuid());
    match verdict {
        Err(why) => record.with("failed", why.as_str()),
        Ok(report) => {
            let record = record
                .with("origin", report.origin.clone().unwrap_or_default())
                .with("records", report.size)
                .with("signed", report.signed_size)
                .with("intact", report.intact)
                .with("waiting", report.waiting)
                .with("wrong", report.wrong);
            let noted = report.findings.iter().take(FINDINGS_NOTED_MAX).enumerate();
            noted.fold(record, |record, (at, finding)| record.with(&format!("finding_{:02}", at + 1), finding.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_workspace_and_a_few_a_server() {
        let all = Verifications::default();
        let [one, two, three] = [(); 3].map(|()| WorkspaceId::random());
        let first = all.take(one).unwrap();
        assert_eq!(all.take(one).unwrap_err(), Busy::Running);
        let second = all.take(two).unwrap();
        assert_eq!(all.take(three).unwrap_err(), Busy::Server, "one past the bound");
        assert_eq!(all.progress(one), Some((0, 0)));
        drop(first);
        assert_eq!(all.progress(one), None);
        let third = all.take(three).unwrap();
        assert_eq!(all.take(one).unwrap_err(), Busy::Server);
        drop((second, third));
        drop(all.take(one).unwrap());
    }

    #[test]
    fn a_verdict_s_record_holds_what_was_found_to_its_bound() {
        let findings = (0..50).map(|at| format!("leaf {at} is missing")).collect();
        let report = Report { wrong: 70, findings, size: 9, ..Report::default() };
        let record = record_of(WorkspaceId::random(), &Ok(report));
        assert_eq!(record.context["wrong"], 70);
        assert_eq!(record.context.keys().filter(|key| key.starts_with("finding_")).count(), FINDINGS_NOTED_MAX);
        assert_eq!(record.context["finding_20"], "leaf 19 is missing");
        let failed = record_of(WorkspaceId::random(), &Err("no connection".to_owned()));
        assert_eq!(failed.context["failed"], "no connection");
    }
}
