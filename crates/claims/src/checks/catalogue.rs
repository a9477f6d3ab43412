//! What the database itself says of row security, and what it answers when nobody named a workspace.

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

pub(super) async fn row_security(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let found = cx.db.catalogue().await?;
    let wrong = (found.findings.len() as u64).min(found.tables);
    let mut text = format!("{} of {} tables keep workspaces apart", found.tables - wrong, found.tables);
    if let Some(first) = found.findings.first() {
        text.push_str(&format!("; {} findings, the first: {}: {}", found.findings.len(), first.object, first.why));
    }
    let members: Vec<&str> = tenancy::attempts::TENANT_TABLES.to_vec();
    Ok(Outcome::judge(found.tables - wrong, found.tables, members.join("\n").as_bytes(), text))
}

pub(super) async fn unset_setting(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (asked, answered) = cx.db.without_workspace().await?;
    let readable = cx.db.look_up_role_reads().await?;
    let refused = asked.saturating_sub(answered);
    let mut tally = Tally::default();
    for n in 0..asked {
        tally.count(format!("table {n}, no workspace named"), Found::right_if(n < refused));
    }
    for table in tenancy::attempts::TENANT_TABLES {
        tally
            .count(format!("{table}, by the role that looks up addresses"), Found::right_if(!readable.contains(table)));
    }
    Ok(tally.outcome("reads without a workspace were refused"))
}
