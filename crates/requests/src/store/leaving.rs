//! When somebody leaves: what was asked of them is asked of others.
//!
//! Identity ends people and knows no request; it leaves an effect, and the courier carries it out here, a few requests a
//! transaction, so that an interruption loses nothing.

use tenancy::policy::ReplaceApprover;
use tenancy::{Error, Permit, PersonId, ReadWrite, RequestId, Scope};
use uuid::Uuid;

use super::act::act;
use super::read::load_for_act;
use super::{ActError, directory};
use crate::engine::Event;
use crate::statements as sql;

/// Most requests of one transaction.
const REQUESTS_AT_ONCE_MAX: i64 = 50;

/// The requests that wait for somebody, by id: those of one transaction, and the next one if there are more.
///
/// # Errors
/// The general failures of a query.
pub async fn asked_of(
    scope: &Scope<ReadWrite>,
    person: PersonId,
) -> Result<(Vec<RequestId>, Option<RequestId>), Error> {
    let workspace = scope.workspace().uuid();
    let most = REQUESTS_AT_ONCE_MAX + 1;
    let rows = scope.rows(&sql::REQUESTS_ASKED_OF, &[&workspace, &person.uuid(), &most]).await?;
    let mut asked: Vec<RequestId> = rows.iter().map(|row| RequestId::from_uuid(row.get::<_, Uuid>(0))).collect();
    let next = if rows.len() == usize::try_from(most).unwrap_or(usize::MAX) { asked.pop() } else { None };
    Ok((asked, next))
}

/// Takes a seat from somebody who left and, where the stage cannot be approved without, asks others; with nobody left
/// to ask, the request is stuck and the owners are told.
///
/// # Errors
/// [`Error::Integrity`] for somebody who has not left: nobody loses a seat this way.
pub async fn replace(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<ReplaceApprover>,
    person: PersonId,
) -> Result<(), ActError> {
    if directory::is_active(scope, person).await? {
        return Err(Error::Integrity("somebody who has not left was to be replaced").into());
    }
    let loaded = load_for_act(scope, permit.target()).await?;
    act(scope, permit, loaded, Event::PersonLeft { person }, "person_left").await.map(drop)
}
