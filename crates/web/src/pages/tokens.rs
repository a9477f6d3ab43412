//! API tokens of the reader.

use axum::http::StatusCode;
use identity::tokens;
use tenancy::policy::{IssueToken, RevokeToken, SeeTokens, TokenScope};
use tenancy::{PersonTarget, TokenId, Whole};

use super::body::Pairs;
use super::caller::{PageCaller, id_of};
use super::fail::{Answer, of_values};
use super::look::{Done, page, see_other_with};
use super::words;
use crate::problem::Problem;
use crate::views::{FreshToken, Nav, ScopeTick, TokenRow, Tokens};

/// What the form held and what came of it.
#[derive(Default)]
struct Sent {
    label: String,
    scopes: Vec<TokenScope>,
    error: Option<String>,
    fresh: Option<FreshToken>,
}

/// `GET /w/{slug}/tokens`.
pub(super) async fn list(caller: PageCaller) -> Answer {
    show(&caller, StatusCode::OK, Sent::default()).await
}

async fn show(caller: &PageCaller, status: StatusCode, sent: Sent) -> Answer {
    let mut scope = caller.view().await?;
    let permit = scope.permit::<SeeTokens>(Whole).await?;
    let now = scope.now();
    let row = |token: tokens::TokenRow| TokenRow {
        id: token.id.to_string(),
        label: token.label,
        prefix: tokens::PREFIX.to_owned(),
        scopes: token.scopes.join(", "),
        last_used: token.last_used_at.map(|at| words::when(now, at)),
        expires: words::when(now, token.expires_at),
    };
    let tick = |token_scope: &TokenScope| ScopeTick {
        name: token_scope.text().to_owned(),
        help: help(*token_scope).to_owned(),
        ticked: sent.scopes.contains(token_scope),
    };
    let shown = Tokens {
        tokens: tokens::list(&scope, permit).await?.into_iter().map(row).collect(),
        frame: caller.frame(&scope, "API tokens", Nav::Tokens).await?,
        scopes: TokenScope::ALL.iter().map(tick).collect(),
        label: sent.label,
        error: sent.error,
        fresh: sent.fresh,
    };
    scope.finish();
    Ok(page(status, &shown))
}

const fn help(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::RequestsRead => "read requests and reports",
        TokenScope::RequestsWrite => "hand in, edit, withdraw and comment",
        TokenScope::TasksDecide => "decide what is asked of you",
        TokenScope::ProcessesAdmin => "publish processes",
        TokenScope::PeopleAdmin => "see and manage people and groups",
        TokenScope::AuditRead => "read the audit list",
    }
}

/// `POST /w/{slug}/tokens`. The token stands on the answer, this once.
pub(super) async fn list_post(caller: PageCaller, form: Pairs) -> Answer {
    let mut scope = caller.scope().await?;
    let me = PersonTarget(scope.person()?);
    match form.get("act") {
        "end" => {
            let permit = scope.permit::<RevokeToken>(me).await?;
            tokens::revoke(&mut scope, permit, id_of::<TokenId>(form.get("token"))?).await?;
            drop(scope.commit().await?);
            Ok(see_other_with(&caller.path("/tokens"), Done::TokenEnded))
        }
        "create" => {
            let permit = scope.permit::<IssueToken>(me).await?;
            let label = form.get("label").to_owned();
            let scopes: Vec<TokenScope> = form.all("scope").filter_map(TokenScope::from_text).collect();
            let days = form.get("days").parse().unwrap_or(0);
            match tokens::issue(&mut scope, permit, &scopes, &label, days).await {
                Ok(secret) => {
                    drop(scope.commit().await?);
                    let fresh = Some(FreshToken { label, secret: secret.to_string() });
                    show(&caller, StatusCode::OK, Sent { fresh, ..Sent::default() }).await
                }
                Err(error) => {
                    drop(scope);
                    let error = Some(of_values(error)?);
                    show(&caller, StatusCode::UNPROCESSABLE_ENTITY, Sent { label, scopes, error, fresh: None }).await
                }
            }
        }
        _ => Err(Problem::malformed("The form does not say what to do.").into()),
    }
}
