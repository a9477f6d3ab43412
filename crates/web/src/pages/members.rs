//! People: the list, invitations, one person.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use identity::links::{self, Purpose};
use identity::people::{self, InitialState, NewPerson, Person};
use identity::{directory, groups, roles};
use jiff::Timestamp;
use serde::Deserialize;
use tenancy::policy::{
    AddPerson, Atom, ChangeGroup, ChangePerson, EndPerson, GrantRole, IssueLink, Role, SeePeople, ToOneself, may_grant,
};
use tenancy::{GroupId, Mode, PersonId, ReadWrite, Scope, Whole};

use super::body::Pairs;
use super::caller::{PageCaller, id_of};
use super::fail::{Answer, Fail, of_values};
use super::look::{self, Done, page, see_other_with};
use super::words;
use crate::problem::Problem;
use crate::views::{GroupTick, InviteForm, Nav, People, PersonPage, PersonRow, Pill, Selectable, Tone};

/// Where a page of the list begins.
#[derive(Debug, Deserialize)]
pub(super) struct After {
    after: Option<PersonId>,
}

/// `GET /w/{slug}/people`.
pub(super) async fn people(caller: PageCaller, Query(from): Query<After>) -> Answer {
    let mut scope = caller.view().await?;
    let shown = people_page(&caller, &mut scope, from.after, InviteForm::empty()).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

impl InviteForm {
    fn empty() -> Self {
        Self { email: String::new(), name: String::new(), roles: Vec::new(), error: None, fresh_link: None }
    }
}

async fn people_page<M: Mode>(
    caller: &PageCaller,
    scope: &mut Scope<M>,
    after: Option<PersonId>,
    mut invite: InviteForm,
) -> Result<People, Fail> {
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let found = people::list(scope, permit, after).await?;
    let in_groups = groups_of(scope).await?;
    let managers: BTreeSet<PersonId> = found.iter().filter_map(|person| person.manager).collect();
    let managers = people::names(scope, &managers.into_iter().collect::<Vec<_>>()).await?;
    let row = |person: &Person| PersonRow {
        href: caller.path(&format!("/people/{}", person.id)),
        name: person.name.clone(),
        email: person.email.clone(),
        role: role_text(person.role),
        manager: person.manager.and_then(|id| managers.get(&id).cloned()).unwrap_or_default(),
        groups: in_groups
            .iter()
            .filter(|group| group.has(person.id))
            .map(|group| group.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        state: state_pill(&person.state),
    };
    let is_full = i64::try_from(found.len()).unwrap_or(0) >= people::PAGE_MAX;
    let next = found.last().filter(|_| is_full).map(|last| caller.path(&format!("/people?after={}", last.id)));
    let mut rows: Vec<PersonRow> = found.iter().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    if invite.roles.is_empty() {
        invite.roles = roles_to_give(scope, Some(Role::Member));
    }
    let may_invite = scope.atoms().has(Atom::PeopleManage);
    Ok(People {
        frame: caller.frame(scope, "People", Nav::People).await?,
        people: rows,
        next,
        invite: may_invite.then_some(invite),
    })
}

/// A group with its members.
struct Members {
    id: GroupId,
    name: String,
    members: Vec<PersonId>,
}

impl Members {
    fn has(&self, person: PersonId) -> bool {
        self.members.contains(&person)
    }
}

async fn groups_of<M: Mode>(scope: &mut Scope<M>) -> Result<Vec<Members>, Fail> {
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let found = groups::list(scope, permit).await?;
    let ids: Vec<GroupId> = found.iter().map(|group| group.id).collect();
    let mut members = directory::group_members(scope, &ids).await?;
    let mut all: Vec<Members> = found
        .into_iter()
        .map(|group| Members { id: group.id, members: members.remove(&group.id).unwrap_or_default(), name: group.name })
        .collect();
    all.sort_by_key(|group| group.name.to_lowercase());
    Ok(all)
}

/// The roles that the reader may give, one of them chosen.
fn roles_to_give<M: Mode>(scope: &Scope<M>, chosen: Option<Role>) -> Vec<Selectable> {
    let may = |role: &&Role| Some(**role) == chosen || may_grant(scope.atoms(), **role, ToOneself::No);
    let entry = |role: &Role| Selectable {
        value: role.text().to_owned(),
        label: role_text(Some(*role)),
        chosen: Some(*role) == chosen,
    };
    Role::OF_WORKSPACE.iter().filter(may).map(entry).collect()
}

fn role_text(role: Option<Role>) -> String {
    match role {
        Some(Role::Owner) => "Owner",
        Some(Role::Admin) => "Administrator",
        Some(Role::Member) => "Member",
        Some(Role::Viewer) => "Viewer",
        Some(other) => return words::capital(&other.text().replace('_', " ")),
        None => "None",
    }
    .to_owned()
}

fn state_pill(state: &str) -> Pill {
    match state {
        "active" => Pill::new(Tone::Ok, "Active"),
        "invited" => Pill::new(Tone::Wait, "Invited"),
        "ended" => Pill::new(Tone::Idle, "Ended").with_sign("–"),
        other => Pill::new(Tone::Idle, words::capital(other)),
    }
}

/// `POST /w/{slug}/people`: invites. The link stands on the answer, this once.
pub(super) async fn people_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<AddPerson>(Whole).await?;
    let role = Role::from_text(form.get("role")).unwrap_or(Role::Member);
    let (email, name) = (form.get("email").to_owned(), form.get("name").to_owned());
    let new = NewPerson { email: email.clone(), name: name.clone(), role, state: InitialState::Invited, manager: None };
    let made = match people::add(&mut scope, permit, new).await {
        Ok(id) => {
            let permit = scope.permit::<IssueLink>(id).await?;
            links::issue(&mut scope, permit, Purpose::Invite).await
        }
        Err(error) => Err(error),
    };
    let (status, invite) = match made {
        Ok(secret) => {
            drop(scope.commit().await?);
            (StatusCode::OK, InviteForm { fresh_link: Some(link_to(&caller.slug, &secret)), ..InviteForm::empty() })
        }
        Err(error) => {
            let roles = roles_to_give(&scope, Some(role));
            drop(scope);
            let error = Some(of_values(error)?);
            (StatusCode::UNPROCESSABLE_ENTITY, InviteForm { email, name, roles, error, fresh_link: None })
        }
    };
    let mut view = caller.view().await?;
    let shown = people_page(&caller, &mut view, None, invite).await?;
    view.finish();
    Ok(page(status, &shown))
}

/// A one-time link as it is handed over.
pub(super) fn link_to(slug: &str, secret: &str) -> String {
    look::current().absolute(&format!("/link/{slug}/{secret}"))
}

/// `GET /w/{slug}/people/{id}`.
pub(super) async fn person(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    show(&caller, id_of(&id)?, StatusCode::OK, None, None).await
}

async fn show(
    caller: &PageCaller,
    id: PersonId,
    status: StatusCode,
    error: Option<String>,
    fresh_link: Option<String>,
) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let everybody = people::list(&scope, permit, None).await?;
    let person = people::get(&scope, id).await?;
    let in_groups = groups_of(&mut scope).await?;
    let atoms = scope.atoms();
    let is_ended = person.state == "ended";
    let may_edit = atoms.has(Atom::PeopleManage) && !is_ended;
    let mut managers: Vec<Selectable> = everybody
        .iter()
        .filter(|other| other.id != id)
        .map(|other| selectable(other.id, &other.name, person.manager))
        .collect();
    if let Some(manager) = person.manager.filter(|manager| everybody.iter().all(|other| other.id != *manager)) {
        let name = people::get(&scope, manager).await?.name;
        managers.push(selectable(manager, &name, Some(manager)));
    }
    managers.sort_by_key(|manager| manager.label.to_lowercase());
    let shown = PersonPage {
        frame: caller.frame(&scope, &person.name, Nav::People).await?,
        action: caller.path(&format!("/people/{id}")),
        email: person.email.clone(),
        state: state_pill(&person.state),
        since: words::when(scope.now(), made_at(id)),
        last_seen: person.last_sign_in_at.map(|at| words::when(scope.now(), at)),
        roles: roles_to_give(&scope, person.role),
        managers,
        groups: in_groups
            .iter()
            .map(|group| GroupTick { id: group.id.to_string(), name: group.name.clone(), ticked: group.has(id) })
            .collect(),
        may_edit,
        may_end: may_edit && scope.person()? != id,
        end_note: "What is asked of them is asked of others, where a decision cannot be made without.".to_owned(),
        name: person.name,
        error,
        fresh_link,
    };
    scope.finish();
    Ok(page(status, &shown))
}

fn selectable(id: PersonId, name: &str, chosen: Option<PersonId>) -> Selectable {
    Selectable { value: id.to_string(), label: name.to_owned(), chosen: chosen == Some(id) }
}

/// When an id of version 7 was made.
fn made_at(id: PersonId) -> Timestamp {
    let made = id.uuid().get_timestamp().map(|stamp| stamp.to_unix());
    let seconds = made.and_then(|(seconds, _)| i64::try_from(seconds).ok()).unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `POST /w/{slug}/people/{id}`.
pub(super) async fn person_post(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let id = id_of::<PersonId>(&id)?;
    let mut scope = caller.scope().await?;
    let came = match form.get("act") {
        "save" => save(&mut scope, id, &form).await,
        "invite" => issue(&caller, &mut scope, id).await.map(Act::Link),
        "end" => {
            let permit = scope.permit::<EndPerson>(id).await?;
            people::end(&mut scope, permit).await.map(|()| Act::Ended)
        }
        _ => return Err(Problem::malformed("The form does not say what to do.").into()),
    };
    let act = match came {
        Ok(act) => act,
        Err(error) => {
            drop(scope);
            return show(&caller, id, StatusCode::UNPROCESSABLE_ENTITY, Some(of_values(error)?), None).await;
        }
    };
    let path = caller.path(&format!("/people/{id}"));
    if !matches!(act, Act::Nothing) {
        drop(scope.commit().await?);
    }
    match act {
        Act::Nothing | Act::Saved => Ok(see_other_with(&path, Done::PersonSaved)),
        Act::Ended => Ok(see_other_with(&caller.path("/people"), Done::PersonEnded)),
        Act::Link(link) => show(&caller, id, StatusCode::OK, None, Some(link)).await,
    }
}

/// What was done to a person.
enum Act {
    Nothing,
    Saved,
    Ended,
    Link(String),
}

async fn issue(caller: &PageCaller, scope: &mut Scope<ReadWrite>, id: PersonId) -> Result<String, identity::Error> {
    let permit = scope.permit::<IssueLink>(id).await?;
    let is_invited = people::get(scope, id).await?.state == "invited";
    let purpose = if is_invited { Purpose::Invite } else { Purpose::SignIn };
    let secret = links::issue(scope, permit, purpose).await?;
    Ok(link_to(&caller.slug, &secret))
}

/// Role, manager and groups in one transaction; what is as it was stays untouched.
async fn save(scope: &mut Scope<ReadWrite>, id: PersonId, form: &Pairs) -> Result<Act, identity::Error> {
    let permit = scope.permit::<ChangePerson>(id).await?;
    let before = people::get(scope, id).await?;
    let mut act = Act::Nothing;
    let is_given = |name: &str| form.pairs.iter().any(|(key, _)| key == name);
    let manager = match form.get("manager") {
        "" => None,
        text => Some(text.parse::<PersonId>().map_err(|_| tenancy::Error::NotFound)?),
    };
    if is_given("manager") && manager != before.manager {
        people::change(scope, permit, &before.name, manager).await?;
        act = Act::Saved;
    }
    if let Some(role) = Role::from_text(form.get("role")).filter(|role| Some(*role) != before.role) {
        let permit = scope.permit::<GrantRole>(id).await?;
        roles::set_role(scope, permit, role).await?;
        act = Act::Saved;
    }
    if is_given("role") && save_groups(scope, id, form).await? {
        act = Act::Saved;
    }
    Ok(act)
}

async fn save_groups(scope: &mut Scope<ReadWrite>, id: PersonId, form: &Pairs) -> Result<bool, identity::Error> {
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let known: Vec<GroupId> = groups::list(scope, permit).await?.iter().map(|group| group.id).collect();
    let ticked: BTreeSet<GroupId> = form.all("group").filter_map(|text| text.parse().ok()).collect();
    let now: BTreeMap<GroupId, Vec<PersonId>> = directory::group_members(scope, &known).await?;
    let mut is_changed = false;
    for group in known {
        let is_in = now.get(&group).is_some_and(|members| members.contains(&id));
        if is_in != ticked.contains(&group) {
            let permit = scope.permit::<ChangeGroup>(group).await?;
            // Read again under the lock that the permit took.
            let mut members: BTreeSet<PersonId> = groups::members(scope, group).await?.into_iter().collect();
            if is_in {
                members.remove(&id)
            } else {
                members.insert(id)
            };
            groups::set_members(scope, permit, &members).await?;
            is_changed = true;
        }
    }
    Ok(is_changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_made() {
        let age = Timestamp::now().duration_since(made_at(PersonId::random()));
        assert!(age.as_secs() < 60);
    }
}
