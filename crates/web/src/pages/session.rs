//! Signing in and out, one-time links, and the first password.

use axum::extract::{Path, Query, State as AxumState};
use axum::http::StatusCode;
use axum::response::Response;
use identity::links::{self, Purpose};
use identity::sign_in::Outcome;
use identity::{passwords, people, sessions, strength, workspaces};
use serde::Deserialize;
use tenancy::policy::{Atom, ChangePerson, SetPassword as SetPasswordAct, SignOut, UseLink};
use tenancy::{PersonTarget, ReadOnly, Scope, Whole, WorkspaceId};
use zeroize::Zeroizing;

use super::body::Pairs;
use super::caller::{Door, PageCaller};
use super::fail::{Answer, Fail, of_values};
use super::look::{Done, add_cookie, bare_frame, is_next, page, see_other, see_other_with};
use super::words;
use crate::state::App;
use crate::views::{LinkSpent, Nav, OneTimeLink, SetPassword, SignIn};

/// `?next=`.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /w/{slug}/sign-in`.
pub(super) async fn sign_in(door: Door, Query(query): Query<Next>) -> Response {
    page(StatusCode::OK, &sign_in_page(&door, &query.next, "", None))
}

fn sign_in_page(door: &Door, next: &str, email: &str, error: Option<String>) -> SignIn {
    let next = if is_next(next, &door.slug) { next } else { "" };
    SignIn {
        frame: bare_frame("Sign in", Nav::Elsewhere),
        slug: door.slug.clone(),
        next: next.to_owned(),
        email: email.chars().take(254).collect(),
        error,
    }
}

/// `POST /w/{slug}/sign-in`.
pub(super) async fn sign_in_post(door: Door, form: Pairs) -> Answer {
    let (email, next) = (form.get("email").to_owned(), form.get("next").to_owned());
    let password = Zeroizing::new(form.get("password").to_owned());
    drop(form);
    let came = identity::sign_in::sign_in(&door.app.db, door.workspace, door.origin.clone(), &email, password).await?;
    let (status, error) = match came {
        Outcome::Session(cookie) => {
            let onward = if is_next(&next, &door.slug) { next } else { door.path("/") };
            return Ok(signed_in(door.workspace, &cookie, &onward));
        }
        Outcome::Refused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The e-mail address or the password is not right. Try again, or ask for a one-time link.".to_owned(),
        ),
        Outcome::Throttled { retry_after_s } => {
            let wait = words::count(i64::try_from(retry_after_s).unwrap_or(i64::MAX), "second", "seconds");
            (StatusCode::TOO_MANY_REQUESTS, format!("There were too many wrong tries. Try again in {wait}."))
        }
    };
    Ok(page(status, &sign_in_page(&door, &next, &email, Some(error))))
}

fn signed_in(workspace: WorkspaceId, cookie: &str, path: &str) -> Response {
    let mut response = see_other(path);
    add_cookie(&mut response, &sessions::set_cookie(workspace, cookie));
    response
}

/// `POST /w/{slug}/sign-out`.
pub(super) async fn sign_out(caller: PageCaller) -> Answer {
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<SignOut>(Whole).await?;
    sessions::end_session(&mut scope, permit).await?;
    drop(scope.commit().await?);
    let mut response = see_other_with(&caller.path("/sign-in"), Done::SignedOut);
    add_cookie(&mut response, &sessions::clear_cookie(caller.workspace));
    Ok(response)
}

/// A link that does not count looks the same whatever the reason.
fn spent(sign_in: Option<String>) -> Response {
    page(StatusCode::NOT_FOUND, &LinkSpent { frame: bare_frame("This link no longer works", Nav::Elsewhere), sign_in })
}

/// The door of a link's address, or the page that says the link does not count.
async fn link_door(app: &App, slug: &str, door: Result<Door, Fail>) -> Result<Door, Fail> {
    match super::caller::workspace_of(app, slug).await {
        Err(tenancy::Error::NotFound) => Err(Fail::Page(Box::new(spent(None)))),
        Err(other) => Err(other.into()),
        Ok(_) => door,
    }
}

fn link_fail(door: &Door, error: identity::Error) -> Fail {
    match error {
        identity::Error::LinkDead => Fail::Page(Box::new(spent(Some(door.path("/sign-in"))))),
        other => other.into(),
    }
}

/// `GET /link/{slug}/{secret}`: looks, and uses nothing up.
pub(super) async fn link(
    AxumState(app): AxumState<App>,
    Path((slug, secret)): Path<(String, String)>,
    door: Result<Door, Fail>,
) -> Answer {
    let door = link_door(&app, &slug, door).await?;
    let scope = door.visitor_view().await?;
    let found = links::peek(&scope, &secret).await.map_err(|error| link_fail(&door, error))?;
    let workspace_name = workspaces::name(&scope).await?;
    let purpose = match found.purpose {
        Purpose::SignIn => format!("Sign in as {}", found.name),
        Purpose::Invite => format!("Join as {}", found.name),
    };
    let shown = OneTimeLink {
        frame: bare_frame("Welcome", Nav::Elsewhere),
        action: format!("/link/{slug}/{secret}"),
        workspace_name,
        purpose,
        expires: words::until(found.expires_at),
    };
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

/// `POST /link/{slug}/{secret}`: uses it.
pub(super) async fn link_post(
    AxumState(app): AxumState<App>,
    Path((slug, secret)): Path<(String, String)>,
    door: Result<Door, Fail>,
) -> Answer {
    let door = link_door(&app, &slug, door).await?;
    let mut scope = door.visitor().await?;
    let permit = scope.permit::<UseLink>(Whole).await?;
    let done = links::use_link(&mut scope, permit, &secret).await.map_err(|error| link_fail(&door, error))?;
    // Who may not have a password of their own goes straight on.
    let may_choose = scope.held_by(done.person).await?.in_workspace(scope.now()).has(Atom::TokenManage);
    drop(scope.commit().await?);
    let onward = if may_choose { "/welcome" } else { "/" };
    Ok(signed_in(door.workspace, &done.cookie, &door.path(onward)))
}

/// `GET /w/{slug}/welcome`: name and password after an invitation. Whoever has a password is sent on.
pub(super) async fn welcome(caller: PageCaller) -> Answer {
    let mut scope = caller.view().await?;
    let me = scope.person()?;
    drop(scope.permit::<SetPasswordAct>(PersonTarget(me)).await?);
    if passwords::choosing(&scope, &caller.slug).await?.replaces_one() {
        return Ok(see_other(&caller.path("/")));
    }
    let shown = welcome_page(&caller, &scope).await?;
    scope.finish();
    Ok(page(StatusCode::OK, &shown))
}

async fn welcome_page(caller: &PageCaller, scope: &Scope<ReadOnly>) -> Result<SetPassword, Fail> {
    let person = people::get(scope, scope.person()?).await?;
    Ok(SetPassword {
        frame: bare_frame("Welcome", Nav::Elsewhere),
        action: caller.path("/welcome"),
        workspace_name: workspaces::name(scope).await?,
        email: person.email,
        name: person.name,
        chars_min: strength::CHARS_MIN,
        skip: Some(caller.path("/")),
        name_error: None,
        password_error: None,
    })
}

/// `POST /w/{slug}/welcome`. The hash is made between two scopes, so that it holds no connection.
pub(super) async fn welcome_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut view = caller.view().await?;
    let me = view.person()?;
    drop(view.permit::<SetPasswordAct>(PersonTarget(me)).await?);
    let choosing = passwords::choosing(&view, &caller.slug).await?;
    let mut shown = welcome_page(&caller, &view).await?;
    let name = form.get("name").trim().to_owned();
    let is_renamed = !name.is_empty() && name != shown.name;
    if is_renamed && view.permit::<ChangePerson>(me).await.is_err() {
        shown.name_error = Some("Your name is set by those who manage people here. Ask them to change it.".to_owned());
    }
    view.finish();
    let password = Zeroizing::new(form.get("password").to_owned());
    if *password != form.get("password_again") {
        shown.password_error = Some("The two passwords are not the same. Type both again.".to_owned());
    }
    if shown.name_error.is_some() || shown.password_error.is_some() {
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown));
    }
    let chosen = match choosing.choose(None, password).await {
        Ok(chosen) => chosen,
        Err(error) => {
            shown.password_error = Some(of_values(error)?);
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown));
        }
    };
    let mut scope = caller.scope().await?;
    let permit = scope.permit::<SetPasswordAct>(PersonTarget(me)).await?;
    passwords::set(&mut scope, permit, chosen).await?;
    if is_renamed {
        let manager = people::get(&scope, me).await?.manager;
        let permit = scope.permit::<ChangePerson>(me).await?;
        if let Err(error) = people::change(&mut scope, permit, &name, manager).await {
            shown.name_error = Some(of_values(error)?);
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown));
        }
    }
    drop(scope.commit().await?);
    Ok(see_other_with(&caller.path("/"), Done::PasswordSet))
}

/// Sends somebody at `/w/{slug}` to the page behind it.
pub(super) async fn bare(door: Door) -> Response {
    see_other(&door.path("/"))
}
