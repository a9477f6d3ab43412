//! People of one workspace.

use std::collections::BTreeMap;

use jiff::Timestamp;
use seal::{Purpose, Sealed, WorkspaceKeys, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::policy::{AddPerson, ChangePerson, EndPerson, Role, SeePeople, ToOneself};
use tenancy::{Actor, Mode, Permit, PersonId, ReadWrite, Record, Scope};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use crate::error::on_constraint;
use crate::roles::{self, Principal};
use crate::{Email, Error, statements};

/// Most people on one page of the list.
pub const PAGE_MAX: i64 = 200;
/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 120;
/// Most ids of one look-up of names.
pub const NAMES_MAX: usize = 1_000;

/// A person's state when added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    /// Becomes active by an invitation's link.
    Invited,
    /// Counts at once.
    Active,
}

/// Somebody to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Address; unique among the people who have not ended.
    pub email: String,
    /// Name, 1 to 120 characters.
    pub name: String,
    /// Role in the whole workspace.
    pub role: Role,
    /// Invited or active.
    pub state: InitialState,
    /// Whom they report to.
    pub manager: Option<PersonId>,
}

/// A person, as the list shows them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// `invited`, `active`, `suspended` or `ended`.
    pub state: String,
    /// Their role in the whole workspace, if they were given one themselves.
    pub role: Option<Role>,
    /// Whom they report to.
    pub manager: Option<PersonId>,
    /// Their last sign-in.
    pub last_sign_in_at: Option<Timestamp>,
}

/// What somebody is called of whom everything was erased.
pub const FORGOTTEN: &str = "Erased person";

/// What is sealed of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Profile {
    fn seal(&self, keys: &WorkspaceKeys, person: PersonId) -> Result<Vec<u8>, Error> {
        let text = serde_json::to_vec(self).expect("two strings are JSON");
        Ok(keys.seal::<columns::PersonProfile>(person.bytes(), &text)?.into_bytes())
    }

    pub(crate) fn open(keys: &WorkspaceKeys, person: PersonId, envelope: Vec<u8>) -> Result<Self, Error> {
        let text = keys.open(person.bytes(), &Sealed::<columns::PersonProfile>::from_envelope(envelope))?;
        serde_json::from_slice(&text)
            .map_err(|_| tenancy::Error::Row { table: "person", column: "profile", row: person.to_string() }.into())
    }
}

/// Adds a person with a role. The key that seals what the trail says of them is made first.
///
/// A person with `people:admin` in a token may add members and viewers; every other role needs a session, since a
/// token never grants.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::EmailTaken`]; [`Error::MayNotGrant`]; [`tenancy::Error::NotFound`] for the manager.
pub async fn add(scope: &mut Scope<ReadWrite>, permit: Permit<AddPerson>, new: NewPerson) -> Result<PersonId, Error> {
    let email = Email::parse(&new.email)?;
    let profile = Profile { name: name_of(&new.name)?, email: email.as_str().to_owned() };
    roles::of_workspace(new.role)?;
    let held = match new.role {
        Role::Member | Role::Viewer => scope.access().in_workspace(scope.now()),
        _ => scope.atoms(),
    };
    roles::check_give(scope, held, new.role, ToOneself::No)?;
    if by_email(scope, &email).await?.is_some() {
        return Err(Error::EmailTaken);
    }
    if let Some(manager) = new.manager {
        get(scope, manager).await?;
    }
    let id = PersonId::random();
    let workspace = scope.workspace();
    let create = move |vault: &seal::Vault| vault.create_key(workspace.bytes(), Purpose::AuditPerson, id.bytes());
    let key_no = scope.database().with_vault(create).await?;
    let key_no = i32::try_from(key_no).map_err(|_| tenancy::Error::Integrity("key number"))?;
    let bidx = email.blind(scope.keys());
    let sealed = profile.seal(scope.keys(), id)?;
    let state = match new.state {
        InitialState::Invited => "invited",
        InitialState::Active => "active",
    };
    let granted_by = scope.actor().person();
    let record = Record::about(id.uuid()).with("role", new.role.text()).with("state", state);
    let writer = scope.write(permit, record)?;
    writer
        .execute_one(
            &statements::PERSON_INSERT,
            &[&workspace.uuid(), &id.uuid(), &state, &bidx, &sealed, &new.manager.map(PersonId::uuid), &key_no],
        )
        .await
        .map_err(on_constraint("person_email_once", Error::EmailTaken))?;
    roles::insert_grant(&writer, workspace.uuid(), Principal::Person(id), new.role, None, granted_by).await?;
    Ok(id)
}

/// Changes the permit's person's name and manager.
///
/// # Errors
/// [`Error::Invalid`]; [`tenancy::Error::NotFound`] for the manager.
pub async fn change(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<ChangePerson>,
    name: &str,
    manager: Option<PersonId>,
) -> Result<(), Error> {
    let id = permit.target();
    let before = get(scope, id).await?;
    let profile = Profile { name: name_of(name)?, email: before.email };
    if manager == Some(id) {
        return Err(Error::invalid("manager", "is the person themselves"));
    }
    if let Some(manager) = manager {
        get(scope, manager).await?;
    }
    let sealed = profile.seal(scope.keys(), id)?;
    let workspace = scope.workspace().uuid();
    let shown = |id: Option<PersonId>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let renamed = if before.name == profile.name { "no" } else { "yes" };
    let record =
        Record::about(id.uuid()).with("renamed", renamed).changing(shown(before.manager).into(), shown(manager).into());
    let writer = scope.write(permit, record)?;
    let manager = manager.map(PersonId::uuid);
    writer.execute_one(&statements::PERSON_PROFILE_UPDATE, &[&workspace, &id.uuid(), &sealed, &manager]).await?;
    Ok(())
}

/// Ends the permit's person's access in one transaction, and leaves the effect [`PERSON_LEFT`]: state and credential epoch, sessions, API tokens, links to
/// them and by them, password, grants and memberships. The next request with any of their credentials is refused.
///
/// # Errors
/// [`Error::MayNotGrant`] for somebody who holds more than the actor; [`Error::LastOwner`].
pub async fn end(scope: &mut Scope<ReadWrite>, permit: Permit<EndPerson>) -> Result<(), Error> {
    let id = permit.target();
    let role = get(scope, id).await?.role;
    covers(scope, id).await?;
    if role == Some(Role::Owner) {
        roles::keep_an_owner(scope, id).await?;
    }
    let workspace = scope.workspace().uuid();
    let person = id.uuid();
    let counts = scope.one(&statements::ENDING_COUNTS, &[&workspace, &person]).await?;
    let record = Record::about(person)
        .with("sessions", counts.get::<_, i64>(0))
        .with("tokens", counts.get::<_, i64>(1))
        .with("links", counts.get::<_, i64>(2))
        .with("role", role.map_or("none", Role::text));
    let mut writer = scope.write(permit, record)?;
    writer.effect(PERSON_LEFT, left_key(id, None), &json!({ "person": id.to_string() }));
    writer.execute_one(&statements::PERSON_END, &[&workspace, &person]).await?;
    writer.execute(&statements::SESSIONS_END_OF, &[&workspace, &person, &"person_ended", &None::<Uuid>]).await?;
    for sql in [
        &statements::TOKENS_END_OF,
        &statements::LINKS_END_OF,
        &statements::PASSWORD_DELETE,
        &statements::GRANTS_DELETE_OF,
        &statements::MEMBERSHIPS_DELETE_OF,
    ] {
        writer.execute(sql, &[&workspace, &person]).await?;
    }
    Ok(())
}

/// The effect by which the other rooms hear that somebody left.
pub const PERSON_LEFT: &str = "person.left";

/// The key of that effect, or of its next part, which begins at a row of another room.
#[must_use]
pub fn left_key(person: PersonId, next: Option<uuid::Uuid>) -> [u8; 32] {
    let next = next.unwrap_or(uuid::Uuid::nil());
    seal::sha256(&[b"countersign/person-left/v1\0", person.bytes().as_slice(), next.as_bytes()].concat())
}

/// Refuses an act upon somebody who holds atoms in the workspace that the actor does not. The operator may.
pub(crate) async fn covers<M: Mode>(scope: &Scope<M>, person: PersonId) -> Result<(), Error> {
    if scope.actor() == Actor::Operator || scope.actor() == Actor::Person(person) {
        return Ok(());
    }
    let theirs = scope.held_by(person).await?.in_workspace(scope.now());
    if theirs.within(scope.access().in_workspace(scope.now())) { Ok(()) } else { Err(Error::MayNotGrant) }
}

/// The people who have not ended, in the order of their making, at most 200 after the given one.
///
/// # Errors
/// The general failures of a query.
pub async fn list<M: Mode>(
    scope: &Scope<M>,
    _permit: Permit<SeePeople>,
    after: Option<PersonId>,
) -> Result<Vec<Person>, Error> {
    let after = after.map(PersonId::uuid);
    let rows = scope.rows(&statements::PERSON_LIST, &[&scope.workspace().uuid(), &after, &PAGE_MAX]).await?;
    rows.iter()
        .map(|row| person_of(scope.keys(), row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5)))
        .collect()
}

/// One person, ended or not.
///
/// # Errors
/// [`tenancy::Error::NotFound`].
pub async fn get<M: Mode>(scope: &Scope<M>, id: PersonId) -> Result<Person, Error> {
    let row = scope.one(&statements::PERSON_GET, &[&scope.workspace().uuid(), &id.uuid()]).await?;
    person_of(scope.keys(), row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5))
}

fn person_of(
    keys: &WorkspaceKeys,
    id: Uuid,
    profile: Vec<u8>,
    state: String,
    manager: Option<Uuid>,
    last_sign_in_at: Option<Timestamp>,
    role: Option<&str>,
) -> Result<Person, Error> {
    let id = PersonId::from_uuid(id);
    let profile = Profile::open(keys, id, profile)?;
    Ok(Person {
        id,
        name: profile.name,
        email: profile.email,
        state,
        role: role.and_then(Role::from_text),
        manager: manager.map(PersonId::from_uuid),
        last_sign_in_at,
    })
}

/// The person who has this address and has not ended.
///
/// # Errors
/// The general failures of a query.
pub async fn by_email<M: Mode>(scope: &Scope<M>, email: &Email) -> Result<Option<PersonId>, Error> {
    let bidx = email.blind(scope.keys());
    let row = scope.maybe(&statements::PERSON_BY_EMAIL, &[&scope.workspace().uuid(), &bidx]).await?;
    Ok(row.map(|row| PersonId::from_uuid(row.get(0))))
}

/// People who left and had this address, at most 100.
///
/// # Errors
/// The general failures of a query.
pub async fn ended_with<M: Mode>(scope: &Scope<M>, email: &Email) -> Result<Vec<PersonId>, Error> {
    let bidx = email.blind(scope.keys());
    let rows = scope.rows(&statements::PERSON_ENDED, &[&scope.workspace().uuid(), &bidx]).await?;
    Ok(rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect())
}

/// Forgets what somebody who left is called and reached at; part of an act that registered its record before. What they
/// wrote stays, by a person without a name.
///
/// # Errors
/// [`tenancy::Error::Rows`] for somebody who did not leave.
pub async fn forget(scope: &mut Scope<ReadWrite>, person: PersonId) -> Result<(), Error> {
    let nobody = Profile { name: FORGOTTEN.to_owned(), email: String::new() };
    let profile = nobody.seal(scope.keys(), person)?;
    let workspace = scope.workspace().uuid();
    let params: tenancy::Params<'_> = &[&workspace, &person.uuid(), &profile, &seal::random::<16>().to_vec()];
    scope.again()?.execute_one(&statements::PERSON_FORGET, params).await?;
    Ok(())
}

/// The names of these people, ended ones included, in one query. Who may be named is for the caller to know.
///
/// # Errors
/// [`tenancy::Error::Bound`] for more than 1,000 ids.
pub async fn names<M: Mode>(scope: &Scope<M>, ids: &[PersonId]) -> Result<BTreeMap<PersonId, String>, Error> {
    let found = profiles(scope, ids).await?;
    Ok(found.into_iter().map(|(id, profile)| (id, profile.name)).collect())
}

/// The addresses of these people, for mail to them, in one query.
///
/// # Errors
/// As [`names`].
pub async fn addresses<M: Mode>(scope: &Scope<M>, ids: &[PersonId]) -> Result<BTreeMap<PersonId, String>, Error> {
    let found = profiles(scope, ids).await?;
    Ok(found.into_iter().map(|(id, profile)| (id, profile.email)).collect())
}

async fn profiles<M: Mode>(scope: &Scope<M>, ids: &[PersonId]) -> Result<BTreeMap<PersonId, Profile>, Error> {
    if ids.len() > NAMES_MAX {
        return Err(tenancy::Error::Bound { what: "people named at once", bound: NAMES_MAX as u64 }.into());
    }
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = scope.rows(&statements::PERSON_NAMES, &[&scope.workspace().uuid(), &uuids]).await?;
    rows.iter()
        .map(|row| {
            let id = PersonId::from_uuid(row.get(0));
            Ok((id, Profile::open(scope.keys(), id, row.get(1))?))
        })
        .collect()
}

/// The credential epoch of an active person, with their row locked against ending.
pub(crate) async fn active_epoch(scope: &Scope<ReadWrite>, person: PersonId) -> Result<i64, Error> {
    let row = scope.one(&statements::PERSON_SHARE, &[&scope.workspace().uuid(), &person.uuid()]).await?;
    if row.get::<_, &str>(0) == "active" { Ok(row.get(1)) } else { Err(Error::NotActive) }
}

/// A name: trimmed, NFC, 1 to 120 characters, none of them a control character.
pub(crate) fn name_of(text: &str) -> Result<String, Error> {
    if text.len() > NAME_CHARS_MAX * 8 {
        return Err(Error::invalid("name", format!("needs 1 to {NAME_CHARS_MAX} characters")));
    }
    let name: String = text.trim().nfc().collect();
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if fits && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(Error::invalid("name", format!("needs 1 to {NAME_CHARS_MAX} characters")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_at_its_bound_and_refused_past_it() {
        assert_eq!(name_of("  Ana  ").unwrap(), "Ana");
        assert!(name_of(&"\u{e9}".repeat(NAME_CHARS_MAX)).is_ok());
        assert!(name_of(&"a".repeat(NAME_CHARS_MAX + 1)).is_err());
        for wrong in ["", "   ", "a\nb", "a\u{0}"] {
            assert!(name_of(wrong).is_err(), "{wrong:?}");
        }
    }
}
