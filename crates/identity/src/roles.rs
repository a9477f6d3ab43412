//! Giving roles: nobody gives or takes more than they hold, and the last owner stays.

use tenancy::policy::{AtomSet, GrantAtProcess, GrantRole, Role, ToOneself, may_grant};
use tenancy::{Actor, GrantId, GroupId, Mode, Permit, PersonId, ProcessId, ReadWrite, Record, Scope, Writer};
use uuid::Uuid;

use crate::{Error, people, statements};

/// Whom a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// One person.
    Person(PersonId),
    /// Everybody of a group.
    Group(GroupId),
    /// Everybody of the workspace.
    Everyone,
}

impl Principal {
    const fn columns(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Person(id) => ("person", Some(id.uuid())),
            Self::Group(id) => ("group", Some(id.uuid())),
            Self::Everyone => ("everyone", None),
        }
    }
}

/// Sets the one role that the permit's person has in the whole workspace; grants at processes stay as they are.
///
/// # Errors
/// [`Error::Invalid`] for a role that is not of the workspace; [`Error::MayNotGrant`]; [`Error::LastOwner`].
pub async fn set_role(scope: &mut Scope<ReadWrite>, permit: Permit<GrantRole>, role: Role) -> Result<(), Error> {
    let person = permit.target();
    of_workspace(role)?;
    let before = people::get(scope, person).await?.role;
    check_give(scope, scope.atoms(), role, oneself(scope, Principal::Person(person)))?;
    if let Some(before) = before {
        check_give(scope, scope.atoms(), before, ToOneself::No)?;
    }
    if before == Some(Role::Owner) && role != Role::Owner {
        keep_an_owner(scope, person).await?;
    }
    let workspace = scope.workspace().uuid();
    let granted_by = scope.actor().person();
    let before_text = before.map_or("none", Role::text);
    let record = Record::about(person.uuid()).changing(before_text.into(), role.text().into());
    let writer = scope.write(permit, record)?;
    writer.execute(&statements::ROLE_DELETE_OF, &[&workspace, &person.uuid()]).await?;
    insert_grant(&writer, workspace, Principal::Person(person), role, None, granted_by).await?;
    Ok(())
}

/// Gives a role at the permit's process. Giving it again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] for owner and admin, which exist in the whole workspace only; [`Error::MayNotGrant`].
pub async fn grant_at_process(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<GrantAtProcess>,
    principal: Principal,
    role: Role,
) -> Result<(), Error> {
    let process: ProcessId = permit.target();
    if matches!(role, Role::Owner | Role::Admin) {
        return Err(Error::invalid("role", "exists in the whole workspace only"));
    }
    check_give(scope, scope.access().at_process(process, scope.now()), role, oneself(scope, principal))?;
    let workspace = scope.workspace().uuid();
    let granted_by = scope.actor().person();
    let (kind, id) = principal.columns();
    let record = Record::about(process.uuid())
        .with("role", role.text())
        .with("principal", kind)
        .with("principal_id", id.map_or_else(|| "-".to_owned(), |id| id.to_string()));
    let writer = scope.write(permit, record)?;
    insert_grant(&writer, workspace, principal, role, Some(process), granted_by).await?;
    Ok(())
}

/// A role that people have in the whole workspace, or none of that kind.
pub(crate) fn of_workspace(role: Role) -> Result<(), Error> {
    if Role::OF_WORKSPACE.contains(&role) { Ok(()) } else { Err(Error::invalid("role", "is a role of processes")) }
}

/// Whether the actor may give or take a role, holding these atoms at the place. The operator, who makes the first
/// owner of a workspace, may.
pub(crate) fn check_give<M: Mode>(scope: &Scope<M>, held: AtomSet, role: Role, to: ToOneself) -> Result<(), Error> {
    if scope.actor() == Actor::Operator || may_grant(held, role, to) { Ok(()) } else { Err(Error::MayNotGrant) }
}

fn oneself<M: Mode>(scope: &Scope<M>, principal: Principal) -> ToOneself {
    match (scope.actor(), principal) {
        (Actor::Person(actor), Principal::Person(person)) if actor == person => ToOneself::Yes,
        _ => ToOneself::No,
    }
}

/// Refuses when nobody but this person is an active owner. Locks the workspace, so that two owners cannot end each
/// other at the same moment.
pub(crate) async fn keep_an_owner(scope: &Scope<ReadWrite>, person: PersonId) -> Result<(), Error> {
    let workspace = scope.workspace().uuid();
    scope.one(&statements::LOCK_WORKSPACE, &[&workspace]).await?;
    let others: i64 = scope.one(&statements::OTHER_OWNERS, &[&workspace, &person.uuid()]).await?.get(0);
    if others == 0 { Err(Error::LastOwner) } else { Ok(()) }
}

pub(crate) async fn insert_grant(
    writer: &Writer<'_>,
    workspace: Uuid,
    principal: Principal,
    role: Role,
    process: Option<ProcessId>,
    granted_by: Option<PersonId>,
) -> Result<(), Error> {
    let (kind, id) = principal.columns();
    let level = if process.is_some() { "process" } else { "workspace" };
    writer
        .execute(
            &statements::GRANT_INSERT,
            &[
                &workspace,
                &GrantId::random().uuid(),
                &kind,
                &id,
                &role.text(),
                &level,
                &process.map(ProcessId::uuid),
                &granted_by.map(PersonId::uuid),
            ],
        )
        .await?;
    Ok(())
}
