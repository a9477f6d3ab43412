//! A statement that forgot its filter, a row for somebody else, and a connection that is used again.

use tenancy::attempts::{Answer, Attempt};

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let sides = cx.sides()?;
    let mut tally = Tally::default();
    for (n, (side, _)) in sides.into_iter().enumerate() {
        let other = sides[1 - n].0.workspace;
        let (tables, rows, foreign) = cx.db.forgotten_filter(side.workspace).await?;
        if rows == 0 {
            return Err(ProbeError::Missing("a canary workspace has no rows"));
        }
        tally.count(format!("{}: {tables} tables without a filter", side.slug), Found::right_if(foreign == 0));
        for attempt in Attempt::ACROSS {
            let answer = cx.db.attempt(*attempt, side.workspace, other).await?;
            tally.count(format!("{}: {}", side.slug, attempt.words()), Found::right_if(answer == Answer::Refused));
        }
        // What the last scope had set must be gone with it.
        let (asked, answered) = cx.db.without_workspace().await?;
        tally.count(format!("{}: a reused connection, {asked} tables", side.slug), Found::right_if(answered == 0));
    }
    Ok(tally.outcome("attempts found nothing of another workspace"))
}
