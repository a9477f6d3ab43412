//! Grants at one process, tried in another of the same workspace.

use super::families::Deed;
use super::{Found, Tally};
use crate::ask::Who;
use crate::canary::Part;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (side, objects) = cx.side_a()?;
    let mut tally = Tally::default();
    for (part, deed) in
        [(Part::Submitter, Deed::Submit), (Part::Approver, Deed::Decide), (Part::Reporter, Deed::Report)]
    {
        let token = side.token(part)?;
        let own = deed.attempt(cx, side, objects, 0, &token).await?;
        tally.count(
            format!("{} in the first process ({})", part.word(), own.status),
            Found::right_if(own.is_let_through()),
        );
        let other = deed.attempt(cx, side, objects, 1, &token).await?;
        let refused = other.status == 403 || other.is_hidden();
        tally.count(format!("{} in the second process ({})", part.word(), other.status), Found::right_if(refused));
    }
    // The approver was never asked in the second process: its request and its key do not exist for them.
    let token = side.token(Part::Approver)?;
    for (what, path) in [
        ("the request of the second process", format!("/api/v1/requests/{}", objects.requests[1])),
        ("the second process", format!("/api/v1/processes/{}", side.process_keys[1])),
    ] {
        let answer = cx.get(&path, Who::Token(&token)).await?;
        tally.count(format!("approver reads {what}"), Found::right_if(answer.status == 404));
    }
    let seen = cx.get(&format!("/api/v1/requests/{}", objects.requests[0]), Who::Token(&token)).await?;
    tally.count("approver reads the request of the first process", Found::right_if(seen.status == 200));
    Ok(tally.outcome("grants reached their own process and no other"))
}
