//! Groups: flat, named, and only as strong as whoever fills them.

use std::collections::BTreeSet;

use seal::{Sealed, WorkspaceKeys, columns};
use tenancy::policy::{AddGroup, ChangeGroup, Role, SeePeople, ToOneself};
use tenancy::{GroupId, Mode, Permit, PersonId, ProcessId, ReadWrite, Record, Scope};
use uuid::Uuid;

use crate::error::on_constraint;
use crate::{Error, directory, people, roles, statements};

/// Most groups that a list shows.
pub const GROUPS_MAX: i64 = 500;
/// Most people in a group.
pub const MEMBERS_MAX: usize = 1_000;

/// A group, as the list shows it.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// How many active people are in it.
    pub members: i64,
}

/// Makes a group without members or rights.
///
/// # Errors
/// [`Error::Invalid`] for its name; [`Error::GroupNameTaken`].
pub async fn add(scope: &mut Scope<ReadWrite>, permit: Permit<AddGroup>, name: &str) -> Result<GroupId, Error> {
    let name = people::name_of(name)?;
    let id = GroupId::random();
    let bidx = blind(scope.keys(), &name);
    let sealed = scope.keys().seal::<columns::GroupName>(id.bytes(), &name)?.into_bytes();
    let workspace = scope.workspace().uuid();
    let writer = scope.write(permit, Record::about(id.uuid()))?;
    writer
        .execute_one(&statements::GROUP_INSERT, &[&workspace, &id.uuid(), &sealed, &bidx])
        .await
        .map_err(on_constraint("grp_name_once", Error::GroupNameTaken))?;
    Ok(id)
}

/// Makes exactly these people the members of the permit's group.
///
/// Putting somebody in gives them everything that is granted to the group, so it takes the right to give each of
/// those roles, and nobody puts themselves into a group that holds any.
///
/// # Errors
/// [`Error::MayNotGrant`]; [`tenancy::Error::NotFound`] when one of them is not of the workspace or has ended;
/// [`tenancy::Error::Bound`] for more than 1,000.
pub async fn set_members(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<ChangeGroup>,
    members: &BTreeSet<PersonId>,
) -> Result<(), Error> {
    let group = permit.target();
    if members.len() > MEMBERS_MAX {
        return Err(tenancy::Error::Bound { what: "members of a group", bound: MEMBERS_MAX as u64 }.into());
    }
    let workspace = scope.workspace().uuid();
    let rows = scope.rows(&statements::GROUP_ALL_MEMBERS, &[&workspace, &group.uuid()]).await?;
    let before: BTreeSet<PersonId> = rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect();
    let uuids = |ids: &mut dyn Iterator<Item = &PersonId>| -> Vec<Uuid> { ids.map(|id| id.uuid()).collect() };
    let added = uuids(&mut members.difference(&before));
    let removed = uuids(&mut before.difference(members));
    check_grants(scope, group, &added).await?;
    let record = Record::about(group.uuid())
        .with("added", added.len() as u64)
        .with("removed", removed.len() as u64)
        .changing(listed(&before), listed(members));
    let writer = scope.write(permit, record)?;
    writer.execute(&statements::GROUP_MEMBERS_DELETE, &[&workspace, &group.uuid(), &removed]).await?;
    let inserted = writer.execute(&statements::GROUP_MEMBERS_INSERT, &[&workspace, &group.uuid(), &added]).await?;
    if inserted != added.len() as u64 {
        return Err(tenancy::Error::NotFound.into());
    }
    Ok(())
}

/// The first ids of a list, as a record carries them.
fn listed(ids: &BTreeSet<PersonId>) -> serde_json::Value {
    ids.iter().take(50).map(|id| serde_json::Value::String(id.to_string())).collect()
}

async fn check_grants(scope: &Scope<ReadWrite>, group: GroupId, added: &[Uuid]) -> Result<(), Error> {
    if added.is_empty() {
        return Ok(());
    }
    let oneself = scope.actor().person().is_some_and(|actor| added.contains(&actor.uuid()));
    let to = if oneself { ToOneself::Yes } else { ToOneself::No };
    for row in scope.rows(&statements::GROUP_GRANTS, &[&scope.workspace().uuid(), &group.uuid()]).await? {
        let role = Role::from_text(row.get(0)).ok_or(tenancy::Error::Row {
            table: "access_grant",
            column: "role",
            row: group.to_string(),
        })?;
        let held = match row.get::<_, Option<Uuid>>(1) {
            // A token never grants: what it lets through does not hold `access.grant`.
            None => scope.atoms(),
            Some(_) if !scope.atoms().has(tenancy::policy::Atom::AccessGrant) => scope.atoms(),
            Some(process) => scope.access().at_process(ProcessId::from_uuid(process), scope.now()),
        };
        roles::check_give(scope, held, role, to)?;
    }
    Ok(())
}

/// The workspace's groups in the order of their making, at most 500.
///
/// # Errors
/// The general failures of a query.
pub async fn list<M: Mode>(scope: &Scope<M>, _permit: Permit<SeePeople>) -> Result<Vec<Group>, Error> {
    let rows = scope.rows(&statements::GROUP_LIST, &[&scope.workspace().uuid(), &GROUPS_MAX]).await?;
    rows.iter()
        .map(|row| {
            let id = GroupId::from_uuid(row.get(0));
            let name = scope.keys().open(id.bytes(), &Sealed::<columns::GroupName>::from_envelope(row.get(1)))?;
            Ok(Group { id, name, members: row.get(2) })
        })
        .collect()
}

/// The group of a name; capitals do not matter.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be a name; the general failures of a query.
pub async fn by_name<M: Mode>(scope: &Scope<M>, name: &str) -> Result<Option<GroupId>, Error> {
    let bidx = blind(scope.keys(), &people::name_of(name)?);
    let row = scope.maybe(&statements::GROUP_BY_NAME, &[&scope.workspace().uuid(), &bidx]).await?;
    Ok(row.map(|row| GroupId::from_uuid(row.get(0))))
}

/// The active people of a group.
///
/// # Errors
/// The general failures of a query.
pub async fn members<M: Mode>(scope: &Scope<M>, group: GroupId) -> Result<Vec<PersonId>, Error> {
    let mut found = directory::group_members(scope, &[group]).await?;
    Ok(found.remove(&group).unwrap_or_default())
}

fn blind(keys: &WorkspaceKeys, name: &str) -> Vec<u8> {
    keys.blind::<columns::GroupNameIndex>(name.to_lowercase().as_bytes()).to_vec()
}
