//! Turns between workspaces: one with many effects must not make the others wait.

use std::collections::{BTreeMap, VecDeque};

use tenancy::{Due, WorkspaceId};

/// Orders a batch so that workspaces take turns, each with its effects in the order they came in.
pub(crate) fn in_turns(batch: Vec<Due>) -> VecDeque<Due> {
    let mut turns: BTreeMap<WorkspaceId, usize> = BTreeMap::new();
    let mut ordered: Vec<(usize, Due)> = batch
        .into_iter()
        .map(|due| {
            let turn = turns.entry(due.workspace).or_insert(0);
            *turn += 1;
            (*turn, due)
        })
        .collect();
    ordered.sort_by_key(|(turn, _)| *turn);
    ordered.into_iter().map(|(_, due)| due).collect()
}

#[cfg(test)]
mod tests {
    use tenancy::OutboxId;

    use super::*;

    #[test]
    fn a_busy_workspace_waits_for_the_quiet_one() {
        let (busy, quiet) = (WorkspaceId::random(), WorkspaceId::random());
        let due = |workspace, kind: &str| Due {
            workspace,
            id: OutboxId::random(),
            kind: kind.to_owned(),
            attempts: 1,
            max_attempts: 6,
        };
        let batch =
            vec![due(busy, "a"), due(busy, "b"), due(busy, "c"), due(quiet, "d"), due(busy, "e"), due(quiet, "f")];
        let kinds: Vec<String> = in_turns(batch).into_iter().map(|due| due.kind).collect();
        assert_eq!(kinds, ["a", "d", "b", "f", "c", "e"]);
        assert!(in_turns(Vec::new()).is_empty());
    }
}
