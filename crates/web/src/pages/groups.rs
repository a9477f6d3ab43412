//! Groups and their members.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::http::StatusCode;
use identity::{groups, people};
use requests::process::{Approver, StageKind};
use requests::store;
use tenancy::policy::{AddGroup, Atom, ChangeGroup, SeePeople};
use tenancy::{GroupId, Mode, PersonId, Scope, Whole};

use super::body::Pairs;
use super::caller::{PageCaller, id_of};
use super::fail::{Answer, Fail, of_values};
use super::look::{Done, page, see_other_with};
use super::words;
use crate::problem::Problem;
use crate::views::{GroupPage, GroupRow, Groups, MemberRow, Nav, Selectable};

/// `GET /w/{slug}/groups`.
pub(super) async fn list(caller: PageCaller) -> Answer {
    let mut scope = caller.view().await?;
    let shown = groups_page(&caller, &mut scope, String::new(), None).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

async fn groups_page<M: Mode>(
    caller: &PageCaller,
    scope: &mut Scope<M>,
    name: String,
    error: Option<String>,
) -> Result<Groups, Fail> {
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let found = groups::list(scope, permit).await?;
    let stages = asking_stages(scope).await?;
    let row = |group: &groups::Group| GroupRow {
        href: caller.path(&format!("/groups/{}", group.id)),
        name: group.name.clone(),
        size: words::count(group.members, "person", "people"),
        used_by: used_by(&stages, group),
    };
    let mut rows: Vec<GroupRow> = found.iter().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    Ok(Groups {
        frame: caller.frame(scope, "Groups", Nav::Groups).await?,
        groups: rows,
        may_create: scope.atoms().has(Atom::GroupManage),
        name,
        error,
    })
}

/// Every stage of a published process that asks a group: what the document calls the group, and "Purchase: Finance".
async fn asking_stages<M: Mode>(scope: &Scope<M>) -> Result<Vec<(String, String)>, Fail> {
    let mut found = Vec::new();
    for entry in store::catalogue(scope).await? {
        let process = &entry.published.process;
        for stage in process.stages() {
            let StageKind::Approval(settings) = &stage.kind else { continue };
            for approver in settings.approvers.iter().chain(&settings.fallback) {
                if let Approver::Group(key) = approver {
                    found.push((key.clone(), format!("{}: {}", process.name(), stage.name)));
                }
            }
        }
    }
    Ok(found)
}

fn used_by(stages: &[(String, String)], group: &groups::Group) -> String {
    let id = group.id.to_string();
    let is_it =
        |key: &str| key.rsplit(':').next() == Some(&id) || key.trim().to_lowercase() == group.name.to_lowercase();
    let names: BTreeSet<&str> = stages.iter().filter(|(key, _)| is_it(key)).map(|(_, stage)| stage.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// `POST /w/{slug}/groups`.
pub(super) async fn list_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<AddGroup>(Whole).await?;
    match groups::add(&mut scope, permit, form.get("name")).await {
        Ok(id) => {
            drop(scope.commit().await?);
            Ok(see_other_with(&caller.path(&format!("/groups/{id}")), Done::GroupMade))
        }
        Err(error) => {
            drop(scope);
            let error = Some(of_values(error)?);
            let mut view = caller.view().await?;
            let shown = groups_page(&caller, &mut view, form.get("name").to_owned(), error).await?;
            view.finish();
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown))
        }
    }
}

/// `GET /w/{slug}/groups/{id}`.
pub(super) async fn group(caller: PageCaller, Path((_slug, id)): Path<(String, String)>) -> Answer {
    show(&caller, id_of(&id)?, StatusCode::OK, None).await
}

async fn show(caller: &PageCaller, id: GroupId, status: StatusCode, error: Option<String>) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let name = groups::list(&scope, permit).await?.into_iter().find(|group| group.id == id).map(|group| group.name);
    let name = name.ok_or_else(Fail::not_found)?;
    let ids = groups::members(&scope, id).await?;
    let names = people::names(&scope, &ids).await?;
    let addresses = people::addresses(&scope, &ids).await?;
    let member = |(person, name): (&PersonId, &String)| MemberRow {
        person: person.to_string(),
        href: caller.path(&format!("/people/{person}")),
        name: name.clone(),
        email: addresses.get(person).cloned().unwrap_or_default(),
    };
    let mut members: Vec<MemberRow> = names.iter().map(member).collect();
    members.sort_by_key(|member| member.name.to_lowercase());
    let permit = scope.permit::<SeePeople>(Whole).await?;
    let mut others: Vec<Selectable> = people::list(&scope, permit, None)
        .await?
        .into_iter()
        .filter(|person| !names.contains_key(&person.id))
        .map(|person| Selectable { value: person.id.to_string(), label: person.name, chosen: false })
        .collect();
    others.sort_by_key(|other| other.label.to_lowercase());
    let shown = GroupPage {
        frame: caller.frame(&scope, &name, Nav::Groups).await?,
        action: caller.path(&format!("/groups/{id}")),
        name,
        members,
        others,
        may_edit: scope.atoms().has(Atom::GroupManage),
        error,
    };
    scope.finish();
    Ok(page(status, &shown))
}

/// `POST /w/{slug}/groups/{id}`.
pub(super) async fn group_post(caller: PageCaller, Path((_slug, id)): Path<(String, String)>, form: Pairs) -> Answer {
    let id = id_of::<GroupId>(&id)?;
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<ChangeGroup>(id).await?;
    let person = id_of::<PersonId>(form.get("person"))?;
    let mut members: BTreeSet<PersonId> = groups::members(&scope, id).await?.into_iter().collect();
    let is_changed = match form.get("act") {
        "add" => members.insert(person),
        "remove" => members.remove(&person),
        _ => return Err(Problem::malformed("The form does not say what to do.").into()),
    };
    if is_changed {
        if let Err(error) = groups::set_members(&mut scope, permit, &members).await {
            drop(scope);
            return show(&caller, id, StatusCode::UNPROCESSABLE_ENTITY, Some(of_values(error)?)).await;
        }
        drop(scope.commit().await?);
    }
    Ok(see_other_with(&caller.path(&format!("/groups/{id}")), Done::GroupChanged))
}
