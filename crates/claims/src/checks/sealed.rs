//! Sensitive columns hold envelopes only, which open at their own place and nowhere else.

use seal::{Column, ENVELOPE_OVERHEAD_BYTES, Sealed, WorkspaceKeys, columns};
use tenancy::attempts::RawCell;

use super::{Found, Tally};
use crate::ask::contains;
use crate::canary::Side;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// Rows of each column that are looked at in a canary workspace, newest and oldest.
const CANARY_ROWS: i64 = 10;
/// The same in every other workspace, where only the outer form is looked at.
const OTHER_ROWS: i64 = 5;
/// Most other workspaces of one run.
const WORKSPACES_MAX: usize = 20;
/// Version 1, XAES-256-GCM.
const HEAD: [u8; 2] = [1, 1];

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let mut tally = Tally::default();
    let sides = cx.sides()?;
    for (side, _) in sides {
        canary(cx, side, &mut tally).await?;
    }
    let routes = cx.db.routes().await?;
    let mut others: Vec<_> =
        routes.iter().filter(|(_, id, _)| sides.iter().all(|(side, _)| side.workspace != *id)).collect();
    others.sort_by_key(|(_, _, made_at)| *made_at);
    for (_, id, _) in others.into_iter().take(WORKSPACES_MAX) {
        for cell in cx.db.raw_sealed(*id, OTHER_ROWS).await? {
            tally.count(format!("{}.{}", cell.table, cell.column), Found::right_if(is_envelope(&cell.bytes)));
        }
    }
    Ok(tally.outcome("sealed values are envelopes, open at their own place only, and show no canary word"))
}

async fn canary(cx: &ProbeCtx, side: &Side, tally: &mut Tally) -> Result<(), ProbeError> {
    let keys = cx.db.keys(side.workspace).await?;
    let marker = side.marker.as_bytes();
    for cell in cx.db.raw_sealed(side.workspace, CANARY_ROWS).await? {
        let name = format!("{}.{}", cell.table, cell.column);
        let sound = is_envelope(&cell.bytes) && !contains(&cell.bytes, marker);
        tally.count(format!("{name}, the envelope"), Found::right_if(sound));
        if let Some(opens) = opener(&cell) {
            let elsewhere: [u8; 16] = seal::random();
            tally.count(format!("{name}, elsewhere"), Found::right_if(!opens(&keys, elsewhere, &cell.bytes)));
            if let Some(row) = cell.row {
                tally.count(format!("{name}, in its row"), Found::right_if(opens(&keys, row, &cell.bytes)));
            }
        }
    }
    let (tables, rows) = cx.db.rows_showing(side.workspace, &side.marker).await?;
    tally.count(format!("{}: the canary word in {tables} tables", side.slug), Found::right_if(rows == 0));
    Ok(())
}

/// Whether the bytes begin as an envelope and are long enough to be one.
fn is_envelope(bytes: &[u8]) -> bool {
    bytes.len() >= ENVELOPE_OVERHEAD_BYTES && bytes.starts_with(&HEAD)
}

type Opener = fn(&WorkspaceKeys, [u8; 16], &[u8]) -> bool;

fn opens<C: Column>(keys: &WorkspaceKeys, row: [u8; 16], bytes: &[u8]) -> bool {
    keys.open::<C>(row, &Sealed::from_envelope(bytes.to_vec())).is_ok()
}

/// Settings of a stream are bound to their version too; those of the canaries are never changed.
fn opens_at_first(keys: &WorkspaceKeys, row: [u8; 16], bytes: &[u8]) -> bool {
    keys.open_version::<columns::StreamSettings>(row, 1, &Sealed::from_envelope(bytes.to_vec())).is_ok()
}

/// How a cell is opened; every sealed column of the list has an entry.
fn opener(cell: &RawCell) -> Option<Opener> {
    let opener: Opener = match (cell.table, cell.column) {
        ("countersign.workspace", "name") => opens::<columns::WorkspaceName>,
        ("countersign.person", "profile") => opens::<columns::PersonProfile>,
        ("countersign.grp", "name") => opens::<columns::GroupName>,
        ("countersign.password", "phc") => opens::<columns::PasswordPhc>,
        ("countersign.session", "ip") => opens::<columns::SessionIp>,
        ("countersign.session", "user_agent") => opens::<columns::SessionUserAgent>,
        ("countersign.api_token", "label") => opens::<columns::TokenLabel>,
        ("countersign.idempotency", "response") => opens::<columns::IdempotencyResponse>,
        ("countersign.process", "name") => opens::<columns::ProcessName>,
        ("countersign.process_version", "document") => opens::<columns::ProcessDocument>,
        ("countersign.request", "title") => opens::<columns::RequestTitle>,
        ("countersign.request", "engine") => opens::<columns::RequestState>,
        ("countersign.revision", "content") => opens::<columns::RevisionContent>,
        ("countersign.request_event", "body") => opens::<columns::EventBody>,
        ("countersign.decision", "reason") => opens::<columns::DecisionReason>,
        ("countersign.comment", "body") => opens::<columns::CommentBody>,
        ("countersign.claim_state", "observation") => opens::<columns::ClaimObservation>,
        ("countersign.stream", "name") => opens::<columns::StreamName>,
        ("countersign.stream", "settings") => opens_at_first,
        ("audit.record", "period_part") => opens::<columns::AuditPeriodPart>,
        ("audit.record", "person_part") => opens::<columns::AuditPersonPart>,
        _ => return None,
    };
    Some(opener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sealed_column_can_be_opened_by_the_check() {
        for (table, column, _, _) in tenancy::attempts::SEALED_COLUMNS {
            let cell = RawCell { table, column, row: None, bytes: Vec::new() };
            assert!(opener(&cell).is_some(), "{table}.{column}");
        }
    }

    #[test]
    fn an_envelope_has_its_head_and_its_length() {
        let mut bytes = vec![0; ENVELOPE_OVERHEAD_BYTES];
        assert!(!is_envelope(&bytes));
        bytes[..2].copy_from_slice(&HEAD);
        assert!(is_envelope(&bytes));
        assert!(!is_envelope(&bytes[1..]));
        bytes[0] ^= 255;
        assert!(!is_envelope(&bytes));
    }
}
