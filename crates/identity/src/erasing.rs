//! Erasing what is kept of people who left: the order, and the forgetting of name and address that belongs to it.

use tenancy::erasure::{self, OrderError, Subject};
use tenancy::policy::OrderErasure;
use tenancy::{ErasureId, PersonId, ReadWrite, Scope, Whole};

use crate::{Email, Error, people};

/// Orders the erasure of whoever left that an address or an id names, and replaces their name and address.
///
/// # Errors
/// [`OrderError`]; [`OrderError::Unknown`] also for what is neither an address nor an id.
pub async fn order_person(scope: &mut Scope<ReadWrite>, named: &str) -> Result<Vec<ErasureId>, OrderError> {
    let mut ordered = Vec::new();
    for person in who_left(scope, named.trim()).await? {
        let permit = scope.permit::<OrderErasure>(Whole).await?;
        ordered.push(erasure::order(scope, permit, Subject::Person(person)).await?);
        people::forget(scope, person).await.map_err(of)?;
    }
    Ok(ordered)
}

/// Orders the erasure of a month, as `2026-09`.
///
/// # Errors
/// [`OrderError`].
pub async fn order_month(scope: &mut Scope<ReadWrite>, month: &str) -> Result<ErasureId, OrderError> {
    let subject = Subject::of_month(month.trim()).ok_or(OrderError::NoMonth)?;
    let permit = scope.permit::<OrderErasure>(Whole).await?;
    erasure::order(scope, permit, subject).await
}

async fn who_left(scope: &Scope<ReadWrite>, named: &str) -> Result<Vec<PersonId>, OrderError> {
    if let Ok(id) = named.parse::<PersonId>() {
        return Ok(vec![id]);
    }
    let email = Email::parse(named).map_err(|_| OrderError::Unknown)?;
    if people::by_email(scope, &email).await.map_err(of)?.is_some() {
        return Err(OrderError::StillHere);
    }
    let found = people::ended_with(scope, &email).await.map_err(of)?;
    if found.is_empty() { Err(OrderError::Unknown) } else { Ok(found) }
}

fn of(error: Error) -> OrderError {
    match error {
        Error::Tenancy(error) => OrderError::Tenancy(error),
        _ => OrderError::Unknown,
    }
}
