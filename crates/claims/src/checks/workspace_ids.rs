//! Ids of workspaces: random, each once, and unknown to the left and right of a known one.

use std::collections::BTreeSet;

use tenancy::{Channel, Credential, Error, Origin, WorkspaceId};
use uuid::Uuid;

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;
use crate::statements;

/// Random ids that are tried.
const RANDOM_TRIED: usize = 50;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let ids: Vec<Uuid> = cx.db.routes().await?.into_iter().map(|(_, id, _)| id.uuid()).collect();
    let mut tally = Tally::default();
    let mut seen = BTreeSet::new();
    for id in &ids {
        let sound = id.get_version_num() == 4 && seen.insert(*id);
        tally.count("a workspace's id is random and stands once", Found::right_if(sound));
    }
    let scope = cx.view(cx.canary.a.workspace).await?;
    let keys: i64 = scope.one(&statements::UNIQUE_IDS, &[]).await?.get(0);
    scope.finish();
    tally.count("two unique keys on the id", Found::right_if(keys == 2));
    let known = cx.canary.a.workspace.uuid();
    let tried = neighbours(known).into_iter().chain((0..RANDOM_TRIED).map(|_| Uuid::new_v4()));
    for id in tried.filter(|id| !ids.contains(id)) {
        let unknown = is_unknown(cx, WorkspaceId::from_uuid(id)).await?;
        tally.count("an id next to a known one, or any other, is unknown", Found::right_if(unknown));
    }
    Ok(tally.outcome("ids are random, unique and not to be guessed"))
}

fn neighbours(id: Uuid) -> [Uuid; 2] {
    let number = id.as_u128();
    [Uuid::from_u128(number.wrapping_sub(1)), Uuid::from_u128(number.wrapping_add(1))]
}

async fn is_unknown(cx: &ProbeCtx, id: WorkspaceId) -> Result<bool, ProbeError> {
    match cx.db.view(Credential::Visitor, id, Origin::internal(Channel::Worker)).await {
        Err(Error::NotFound) => Ok(true),
        Err(error) => Err(error.into()),
        Ok(scope) => {
            scope.finish();
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_away() {
        let [before, after] = neighbours(Uuid::from_u128(10));
        assert_eq!((before.as_u128(), after.as_u128()), (9, 11));
        assert_eq!(neighbours(Uuid::from_u128(0))[0].as_u128(), u128::MAX);
    }
}
