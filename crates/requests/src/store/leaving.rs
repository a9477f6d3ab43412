//! When somebody leaves: what was asked of them is asked of others.

use tenancy::policy::{ReplaceApprover, SeePeople};
use tenancy::{Error, Permit, PersonId, ReadWrite, RequestId, Scope};
use uuid::Uuid;

use super::ActError;
use super::act::act;
use super::read::load_for_act;
use crate::engine::Event;
use crate::statements as sql;

/// Most requests of one transaction; the caller comes again for the rest.
pub const REQUESTS_AT_ONCE_MAX: i64 = 50;

/// The requests that wait for somebody, by id, at most [`REQUESTS_AT_ONCE_MAX`].
///
/// # Errors
/// The general failures of a query.
pub async fn asked_of(
    scope: &Scope<ReadWrite>,
    _permit: &Permit<SeePeople>,
    person: PersonId,
) -> Result<Vec<RequestId>, Error> {
    let workspace = scope.workspace().uuid();
    let rows = scope.rows(&sql::REQUESTS_ASKED_OF, &[&workspace, &person.uuid(), &REQUESTS_AT_ONCE_MAX]).await?;
    Ok(rows.iter().map(|row| RequestId::from_uuid(row.get::<_, Uuid>(0))).collect())
}

/// Takes a seat from somebody who left and, where the stage cannot be approved without, asks others; with nobody left
/// to ask, the request is stuck and the owners are told.
///
/// # Errors
/// [`ActError::Refused`] when the request has ended by now.
pub async fn replace(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<ReplaceApprover>,
    person: PersonId,
) -> Result<(), ActError> {
    let loaded = load_for_act(scope, permit.target()).await?;
    act(scope, permit, loaded, Event::PersonLeft { person }, "person_left").await.map(drop)
}
