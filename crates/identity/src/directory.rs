//! Who somebody is to somebody, for finding the people whom a stage asks. Active people only.

use std::collections::BTreeMap;

use tenancy::policy::Role;
use tenancy::{GroupId, Mode, PersonId, ProcessId, Scope};
use uuid::Uuid;

use crate::{Error, statements};

/// Most groups or people of one look-up.
pub const IDS_MAX: usize = 1_000;
/// Most holders of a role that are found.
pub const HOLDERS_MAX: i64 = 1_000;

/// The active manager of a person.
///
/// # Errors
/// The general failures of a query.
pub async fn manager_of<M: Mode>(scope: &Scope<M>, person: PersonId) -> Result<Option<PersonId>, Error> {
    let row = scope.maybe(&statements::MANAGER_OF, &[&scope.workspace().uuid(), &person.uuid()]).await?;
    Ok(row.map(|row| PersonId::from_uuid(row.get(0))))
}

/// The active people of these groups; a group without any is not in the answer.
///
/// # Errors
/// [`tenancy::Error::Bound`] for more than 1,000 groups.
pub async fn group_members<M: Mode>(
    scope: &Scope<M>,
    groups: &[GroupId],
) -> Result<BTreeMap<GroupId, Vec<PersonId>>, Error> {
    let uuids: Vec<Uuid> = bounded(groups)?.iter().map(|id| id.uuid()).collect();
    let rows = scope.rows(&statements::MEMBERS_OF_GROUPS, &[&scope.workspace().uuid(), &uuids]).await?;
    let mut found: BTreeMap<GroupId, Vec<PersonId>> = BTreeMap::new();
    for row in rows {
        found.entry(GroupId::from_uuid(row.get(0))).or_default().push(PersonId::from_uuid(row.get(1)));
    }
    Ok(found)
}

/// The active people who hold a role in the whole workspace or, if one is given, at the process: by a grant to
/// themselves, a group of theirs, or everyone. At most 1,000.
///
/// # Errors
/// The general failures of a query.
pub async fn role_holders<M: Mode>(
    scope: &Scope<M>,
    role: Role,
    process: Option<ProcessId>,
) -> Result<Vec<PersonId>, Error> {
    let process = process.map(ProcessId::uuid);
    let workspace = scope.workspace().uuid();
    let rows = scope.rows(&statements::ROLE_HOLDERS, &[&workspace, &role.text(), &process, &HOLDERS_MAX]).await?;
    Ok(rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect())
}

/// Those of these people who are active.
///
/// # Errors
/// [`tenancy::Error::Bound`] for more than 1,000 people.
pub async fn active_among<M: Mode>(scope: &Scope<M>, people: &[PersonId]) -> Result<Vec<PersonId>, Error> {
    let uuids: Vec<Uuid> = bounded(people)?.iter().map(|id| id.uuid()).collect();
    let rows = scope.rows(&statements::ACTIVE_AMONG, &[&scope.workspace().uuid(), &uuids]).await?;
    Ok(rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect())
}

fn bounded<T>(ids: &[T]) -> Result<&[T], Error> {
    if ids.len() > IDS_MAX {
        return Err(tenancy::Error::Bound { what: "ids of one look-up", bound: IDS_MAX as u64 }.into());
    }
    Ok(ids)
}
