//! The front door: which workspace, appearance and the static files.

use axum::extract::{Path, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::body::Pairs;
use super::caller::workspace_of;
use super::fail::{Answer, Fail};
use super::look::{THEME_COOKIE, add_cookie, bare_frame, page, see_other};
use crate::assets;
use crate::state::App;
use crate::views::{EnterWorkspace, Nav, Theme};

/// `GET /`.
pub(super) async fn enter() -> Response {
    page(StatusCode::OK, &enter_page(String::new(), None))
}

fn enter_page(slug: String, error: Option<String>) -> EnterWorkspace {
    EnterWorkspace { frame: bare_frame("Sign in", Nav::Elsewhere), slug, error }
}

/// `POST /`.
pub(super) async fn enter_post(AxumState(app): AxumState<App>, form: Pairs) -> Answer {
    let slug = form.get("workspace").trim().to_ascii_lowercase();
    match workspace_of(&app, &slug).await {
        Ok(_) => Ok(see_other(&format!("/w/{slug}/"))),
        Err(tenancy::Error::NotFound) => {
            let typed = form.get("workspace").chars().take(63).collect();
            let error = "There is no workspace of this name here. Check the address in your invitation.".to_owned();
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &enter_page(typed, Some(error))))
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /appearance`: the one cookie that lasts. It says light or dark and nothing of a person.
pub(super) async fn appearance(headers: HeaderMap, form: Pairs) -> Response {
    let mut response = see_other(&back(&headers));
    let theme = Theme::from_word(form.get("theme")).word();
    add_cookie(&mut response, &format!("{THEME_COOKIE}={theme}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"));
    response
}

/// The page a form was sent from, if it is one of ours.
fn back(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let from = || {
        let referer = text(header::REFERER)?;
        let rest = referer.strip_prefix("https://").or_else(|| referer.strip_prefix("http://"))?;
        let path = rest.strip_prefix(text(header::HOST)?)?;
        let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.len() <= 500;
        ours.then(|| path.to_owned())
    };
    from().unwrap_or_else(|| "/".to_owned())
}

/// `GET /assets/{hash}/{name}`.
pub(super) async fn asset(Path((hash, name)): Path<(String, String)>) -> Answer {
    let asset = assets::find(&hash, &name).ok_or_else(Fail::not_found)?;
    let headers =
        [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((StatusCode::OK, headers, asset.body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_our_own_host_are_gone_back_to() {
        let back_from = |referer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
            headers.insert(header::REFERER, HeaderValue::from_static(referer));
            back(&headers)
        };
        assert_eq!(back_from("http://localhost:8080/w/acme/?after=1"), "/w/acme/?after=1");
        for foreign in ["https://evil/", "http://localhost:8080.evil/x", "http://localhost:8080//evil", "x", ""] {
            assert_eq!(back_from(foreign), "/", "{foreign}");
        }
        assert_eq!(back(&HeaderMap::new()), "/");
    }
}
