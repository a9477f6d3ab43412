//! Storage of requests: plain functions beside their SQL, each in one scope.
//!
//! One event is one transaction: the permit has locked the request's row, the content is opened, the facts that the
//! engine needs are read, the engine steps, and rows, record and effects leave together.

mod act;
mod directory;
mod leaving;
mod lists;
mod persist;
mod processes;
mod read;
mod remembered;

use tenancy::{Error, RequestId, Scope, WorkspaceId};

pub use act::{
    Ask, Decision, Drafted, answer, approve, ask_changes, comment, edit, reject, save_draft, submit, submit_draft,
    withdraw,
};
pub use directory::{facts_for, people_named};
pub use leaving::{asked_of, replace};
pub use lists::{Listed, Waiting, mine, of_processes, waiting, waiting_count};
pub use processes::{Catalogued, PublishError, Published, Version, catalogue, publish, published, version, versions};
pub use read::{
    CommentRow, DecisionRow, EventRow, RequestView, RevisionRow, TaskRow, comments, counts, decisions, events,
    last_words, load, revisions, see, see_at_once, tasks,
};

use crate::engine::Refusal;
use crate::form::FieldError;

/// Longest comment or reason, in characters.
pub const COMMENT_CHARS_MAX: usize = 20_000;

/// Why an act did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The trusted base refused or failed.
    #[error(transparent)]
    Scope(#[from] Error),
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Values are not valid.
    #[error("some values are not valid")]
    Values(Vec<FieldError>),
}

/// The row identity of a value whose row has a composite key: `SHA-256("countersign/row/v1" || table || parts)`, 16
/// bytes.
fn row_of(table: u16, request: RequestId, number: i32) -> [u8; 16] {
    let hash = crate::revision::sha256(&[
        b"countersign/row/v1",
        &table.to_be_bytes(),
        &request.bytes(),
        &number.to_be_bytes(),
    ]);
    let mut row = [0; 16];
    row.copy_from_slice(&hash[..16]);
    row
}

/// The row identity of a process version.
fn version_row(process: tenancy::ProcessId, version: i32) -> [u8; 16] {
    row_of(<seal::columns::ProcessDocument as seal::Column>::TABLE, RequestId::from_uuid(process.uuid()), version)
}

/// Opens a sealed column of a row.
fn open<C: seal::Column, M: tenancy::Mode>(
    scope: &Scope<M>,
    row: [u8; 16],
    bytes: Vec<u8>,
) -> Result<C::Content, Error> {
    open_with::<C>(scope.keys(), row, bytes)
}

/// As [`open`], with the workspace's keys at hand.
fn open_with<C: seal::Column>(keys: &seal::WorkspaceKeys, row: [u8; 16], bytes: Vec<u8>) -> Result<C::Content, Error> {
    Ok(keys.open::<C>(row, &seal::Sealed::from_envelope(bytes))?)
}

type CacheKey = (WorkspaceId, tenancy::ProcessId, i32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_other_tables_requests_and_numbers_differ() {
        let id = RequestId::random();
        assert_ne!(row_of(7, id, 1), row_of(8, id, 1));
        assert_ne!(row_of(7, id, 1), row_of(7, id, 2));
        assert_ne!(row_of(7, id, 1), row_of(7, RequestId::random(), 1));
    }
}
