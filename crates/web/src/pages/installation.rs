//! Workspaces of the installation: a page of the platform's own workspace.

use axum::http::StatusCode;
use identity::links::{self, Purpose};
use identity::people::{self, InitialState, NewPerson};
use identity::{Email, workspaces};
use tenancy::policy::{AddPerson, AddWorkspace, IssueLink, Role, SeeWorkspaces};
use tenancy::{Channel, Credential, Internal, Origin, Record, Whole, WorkspaceId};
use zeroize::Zeroizing;

use super::body::Pairs;
use super::caller::PageCaller;
use super::fail::{Answer, Fail, of_values};
use super::look::page;
use super::members::link_to;
use super::words;
use crate::views::{Nav, Pill, Tone, WorkspaceRow, Workspaces};

/// What the form held and what came of it.
#[derive(Default)]
struct Sent {
    slug: String,
    name: String,
    owner_email: String,
    error: Option<String>,
    fresh_link: Option<String>,
}

fn only_platform(caller: &PageCaller) -> Result<(), Fail> {
    if caller.workspace == caller.app.platform { Ok(()) } else { Err(Fail::not_found()) }
}

/// `GET /w/{slug}/workspaces`.
pub(super) async fn list(caller: PageCaller) -> Answer {
    show(&caller, StatusCode::OK, Sent::default()).await
}

async fn show(caller: &PageCaller, status: StatusCode, sent: Sent) -> Answer {
    let mut scope = caller.view().await?;
    only_platform(caller)?;
    drop(scope.permit::<SeeWorkspaces>(Whole).await?);
    let now = scope.now();
    let row = |(slug, _, made): (String, WorkspaceId, jiff::Timestamp)| WorkspaceRow {
        slug,
        created: words::when(now, made),
        state: Pill::new(Tone::Ok, "Active"),
    };
    let shown = Workspaces {
        frame: caller.frame(&scope, "Workspaces", Nav::Workspaces).await?,
        workspaces: caller.app.db.routes().await?.into_iter().map(row).collect(),
        slug: sent.slug,
        name: sent.name,
        owner_email: sent.owner_email,
        error: sent.error,
        fresh_link: sent.fresh_link,
    };
    scope.finish();
    Ok(page(status, &shown))
}

/// `POST /w/{slug}/workspaces`: makes a workspace and invites its owner. The link stands on the answer, this once.
pub(super) async fn list_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    only_platform(&caller)?;
    let permit = scope.permit::<AddWorkspace>(Whole).await?;
    let sent = Sent {
        slug: form.get("slug").trim().to_owned(),
        name: form.get("name").to_owned(),
        owner_email: form.get("owner_email").to_owned(),
        ..Sent::default()
    };
    match make(&caller, &sent).await {
        Ok((made, secret)) => {
            let record = Record::about(made.uuid()).with("slug", sent.slug.as_str());
            scope.write(permit, record)?;
            drop(scope.commit().await?);
            let fresh_link = Some(link_to(&sent.slug, &secret));
            show(&caller, StatusCode::OK, Sent { fresh_link, ..Sent::default() }).await
        }
        Err(error) => {
            drop(scope);
            let error = Some(of_values(error)?);
            show(&caller, StatusCode::UNPROCESSABLE_ENTITY, Sent { error, ..sent }).await
        }
    }
}

/// Makes the workspace and, as the operator, its first owner with the link that lets them in.
async fn make(caller: &PageCaller, sent: &Sent) -> Result<(WorkspaceId, Zeroizing<String>), identity::Error> {
    // Known to be well-formed before anything is made.
    let email = Email::parse(&sent.owner_email)?.as_str().to_owned();
    let database = &caller.app.db;
    let id = workspaces::create(database, &sent.slug, &sent.name).await?.now()?;
    let origin = Origin { channel: Channel::Page, ..caller.origin.clone() };
    let mut scope = database.scope(Credential::Internal(Internal::Operator), id, origin).await?;
    let name = email.split('@').next().unwrap_or("Owner").to_owned();
    let permit = scope.permit::<AddPerson>(Whole).await?;
    let new = NewPerson { email, name, role: Role::Owner, state: InitialState::Invited, manager: None };
    let owner = people::add(&mut scope, permit, new).await?;
    let permit = scope.permit::<IssueLink>(owner).await?;
    let secret = links::issue(&mut scope, permit, Purpose::Invite).await?;
    scope.commit().await.map(|_committed| (id, secret)).map_err(identity::Error::from)
}
