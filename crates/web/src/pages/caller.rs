//! Who asks for a page, and the frame that every page of theirs has.

use std::sync::LazyLock;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use identity::{people, sessions, workspaces};
use tenancy::policy::Atom;
use tenancy::{Channel, Credential, Memory, Mode, Origin, PersonId, ReadOnly, ReadWrite, Scope, WorkspaceId};

use super::fail::Fail;
use super::look::{bare_frame, cookie};
use super::words;
use crate::problem::Problem;
use crate::state::App;
use crate::views::{Frame, Nav, WorkspaceNav};

/// Most slugs kept in memory. A slug belongs to its workspace for good.
const SLUGS_MAX: usize = 10_000;

static SLUGS: LazyLock<Memory<(WorkspaceId, String), WorkspaceId>> = LazyLock::new(|| Memory::new(SLUGS_MAX));

/// The workspace of a slug, of this installation. A slug stays with its workspace until that one's keys are destroyed, and may
/// then be another's.
pub(super) async fn workspace_of(app: &App, slug: &str) -> Result<WorkspaceId, tenancy::Error> {
    let key = (app.platform, slug.to_owned());
    if let Some(found) = SLUGS.get(&key)
        && app.db.has_keys(found).await?
    {
        return Ok(found);
    }
    let found = app.db.workspace_of(slug).await?;
    SLUGS.keep(key, found);
    Ok(found)
}

/// A workspace as an address names it, and nobody in it yet.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) app: App,
    pub(super) slug: String,
    pub(super) workspace: WorkspaceId,
    pub(super) origin: Origin,
}

impl Door {
    /// `/w/{slug}` and a path behind it.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/w/{}{rest}", self.slug)
    }

    /// A scope of a visitor that may write.
    pub(super) async fn visitor(&self) -> Result<Scope<ReadWrite>, tenancy::Error> {
        self.app.db.scope(Credential::Visitor, self.workspace, self.origin.clone()).await
    }

    /// A scope of a visitor that reads.
    pub(super) async fn visitor_view(&self) -> Result<Scope<ReadOnly>, tenancy::Error> {
        self.app.db.view(Credential::Visitor, self.workspace, self.origin.clone()).await
    }
}

impl FromRequestParts<App> for Door {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fail> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Fail::not_found())?;
        let slug = params.iter().find(|(name, _)| *name == "slug").map(|(_, value)| value.to_owned());
        let slug = slug.ok_or_else(Fail::not_found)?;
        let workspace = workspace_of(app, &slug).await?;
        let peer = crate::edge::peer(&parts.extensions);
        let origin = app.origin(peer, &parts.headers, Channel::Page);
        Ok(Self { app: app.clone(), slug, workspace, origin })
    }
}

/// Somebody with a session's cookie of ours.
#[derive(Debug, Clone)]
pub(super) struct PageCaller {
    door: Door,
    credential: Credential,
}

impl std::ops::Deref for PageCaller {
    type Target = Door;
    fn deref(&self) -> &Door {
        &self.door
    }
}

impl FromRequestParts<App> for PageCaller {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fail> {
        let door = Door::from_request_parts(parts, app).await?;
        let name = sessions::cookie_name(door.workspace);
        if !app.db.has_keys(door.workspace).await? {
            return Err(Fail::not_found());
        }
        let keys = app.db.keys(door.workspace).await?;
        let hash = cookie(&parts.headers, &name).and_then(|value| sessions::parse_cookie(&keys, value));
        let hash = hash.ok_or_else(Problem::unauthenticated)?;
        Ok(Self { door, credential: Credential::Session(hash) })
    }
}

impl PageCaller {
    /// A scope that reads.
    pub(super) async fn view(&self) -> Result<Scope<ReadOnly>, tenancy::Error> {
        self.app.db.view(self.credential, self.workspace, self.origin.clone()).await
    }

    /// A scope that may write.
    pub(super) async fn scope(&self) -> Result<Scope<ReadWrite>, tenancy::Error> {
        self.app.db.scope(self.credential, self.workspace, self.origin.clone()).await
    }

    /// The frame of a page of theirs.
    pub(super) async fn frame<M: Mode>(&self, scope: &Scope<M>, title: &str, active: Nav) -> Result<Frame, Fail> {
        let person = scope.person()?;
        let waiting = async { requests::store::waiting_count(scope).await.map_err(identity::Error::from) };
        let ids = [person];
        let (name, people, waiting) = tokio::try_join!(workspaces::name(scope), people::names(scope, &ids), waiting)?;
        let person_name = name_of(&people, person);
        let atoms = scope.atoms();
        let mut frame = bare_frame(title, active);
        frame.workspace = Some(WorkspaceNav {
            slug: self.slug.clone(),
            name,
            initials: words::initials(&person_name),
            person_name,
            may_people: atoms.has(Atom::PeopleRead),
            may_audit: atoms.has(Atom::AuditRead),
            may_processes: atoms.has(Atom::ProcessPublish),
            may_workspaces: self.workspace == self.app.platform && atoms.has(Atom::WorkspaceOwn),
            waiting_count: usize::try_from(waiting).unwrap_or(0),
        });
        Ok(frame)
    }
}

/// A name from those that were looked up.
pub(super) fn name_of(names: &std::collections::BTreeMap<PersonId, String>, person: PersonId) -> String {
    names.get(&person).cloned().unwrap_or_else(|| "Somebody".to_owned())
}

/// An id in an address; what is none is absent.
pub(super) fn id_of<T: std::str::FromStr>(text: &str) -> Result<T, Fail> {
    text.parse().map_err(|_| Fail::not_found())
}
