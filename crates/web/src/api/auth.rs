//! The API's credential: a bearer token, checked offline first, then in the scope's first round trip.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use identity::tokens::ApiToken;
use tenancy::{Channel, Credential, Origin, ReadOnly, ReadWrite, Scope, WorkspaceId};

use crate::problem::Problem;
use crate::state::App;

/// A caller with a well-formed token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The workspace inside the token.
    pub workspace: WorkspaceId,
    /// The credential to resolve.
    pub credential: Credential,
    /// Where it came from.
    pub origin: Origin,
}

impl Caller {
    /// A scope that reads.
    ///
    /// # Errors
    /// 401 for a token that does not count.
    pub(crate) async fn view(&self, app: &App) -> Result<Scope<ReadOnly>, Problem> {
        Ok(app.db.view(self.credential, self.workspace, self.origin.clone()).await?)
    }
    /// A scope that may write.
    ///
    /// # Errors
    /// 401 for a token that does not count.
    pub(crate) async fn scope(&self, app: &App) -> Result<Scope<ReadWrite>, Problem> {
        Ok(app.db.scope(self.credential, self.workspace, self.origin.clone()).await?)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = crate::edge::peer(&parts.extensions);
        let (workspace, hash) = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        Ok(Self {
            workspace,
            credential: Credential::Token(hash),
            origin: app.origin(peer, &parts.headers, Channel::Api),
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<(WorkspaceId, [u8; 32])> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    ApiToken::parse(token.trim()).ok()
}
