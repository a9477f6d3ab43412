//! The logs over the trail, recomputed from the records.

use std::sync::atomic::{AtomicUsize, Ordering};

use ledger::live;
use tenancy::policy::SeeTrail;
use tenancy::{Whole, WorkspaceId, leaves};

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// Longest log that a run recomputes beside those of the canaries; longer ones are recomputed by command.
const LEAVES_MAX: u64 = 50_000;
/// The deployment's log shows a sign of life at least every ten minutes; twice that is silence.
const SILENCE_MAX_S: f64 = 1_200.0;

/// Whose turn it is among the workspaces that are no canaries.
static TURN: AtomicUsize = AtomicUsize::new(0);

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let canaries = [("canary a", cx.canary.a.workspace), ("canary b", cx.canary.b.workspace)];
    let mut tally = Tally::default();
    let mut leaves = 0;
    for (name, workspace) in canaries {
        leaves += judge(cx, name, workspace, &mut tally).await?;
    }
    let mut others: Vec<WorkspaceId> = cx.db.routes().await?.into_iter().map(|(_, workspace, _)| workspace).collect();
    others.retain(|workspace| canaries.iter().all(|(_, canary)| canary != workspace));
    if !others.is_empty() {
        let workspace = others[TURN.fetch_add(1, Ordering::Relaxed) % others.len()];
        leaves += judge(cx, "a workspace in its turn", workspace, &mut tally).await?;
    }
    let age_s = cx.db.deployment_age_s().await?.ok_or(ProbeError::Missing("there is no checkpoint yet"))?;
    tally.count("the log of the deployment shows life", Found::right_if(age_s <= SILENCE_MAX_S));
    let what = format!("logs were recomputed from their records ({leaves} leaves), and the deployment's log is alive");
    Ok(tally.outcome(&what))
}

/// Recomputes one workspace's log; how many leaves that were.
async fn judge(cx: &ProbeCtx, name: &str, workspace: WorkspaceId, tally: &mut Tally) -> Result<u64, ProbeError> {
    let mut scope = cx.view(workspace).await?;
    let permit = scope.permit::<SeeTrail>(Whole).await?;
    let size = leaves::head(&scope, &permit).await?.map_or(0, |head| head.size);
    if size > LEAVES_MAX {
        scope.finish();
        return Ok(0);
    }
    let report = live::verify(&cx.db, &scope, &permit, |_, _| {}).await?;
    scope.finish();
    tally.count(name, Found::right_if(report.wrong == 0));
    if report.wrong > 0 {
        tracing::error!(%workspace, "the log of a workspace is not what was signed; countersign audit verify --live says where");
    }
    Ok(report.size)
}
