//! What a page takes from its request besides its own parameters: theme, flash, address; and how pages go out.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::edge;
use crate::problem::Problem;
use crate::views::{Flash, Frame, Nav, Theme, Tone};

/// Name of the cookie with the theme.
pub(super) const THEME_COOKIE: &str = "cs-theme";
/// Name of the cookie with what was just done.
const FLASH_COOKIE: &str = "cs-flash";
/// Longest path that is kept for after the sign-in.
const NEXT_CHARS_MAX: usize = 500;

/// What a page is asked for with.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    theme: Theme,
    flash: Option<Done>,
    path: String,
    path_and_query: String,
    reading: bool,
    origin: Option<String>,
}

tokio::task_local! {
    static LOOK: Look;
}

/// The request being answered.
pub(super) fn current() -> Look {
    LOOK.try_with(Clone::clone).unwrap_or_default()
}

impl Look {
    /// The workspace's slug, as the address says; not looked up.
    pub(super) fn slug(&self) -> Option<&str> {
        let mut parts = self.path.split('/').skip(1);
        let slug = match parts.next() {
            Some("w" | "link") => parts.next()?,
            _ => return None,
        };
        slug_like(slug).then_some(slug)
    }

    /// Where to go on after the sign-in: this page, if it was only read.
    pub(super) fn next(&self) -> Option<&str> {
        let next = Some(self.path_and_query.as_str()).filter(|_| self.reading)?;
        is_next(next, self.slug()?).then_some(next)
    }

    /// An address of ours as others can open it: with the scheme and host the reader came by, where the browser says so.
    pub(super) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.origin.as_deref().unwrap_or_default())
    }
}

fn slug_like(slug: &str) -> bool {
    (1..=40).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a path leads to a page inside the workspace and nowhere else.
pub(super) fn is_next(path: &str, slug: &str) -> bool {
    let inside =
        path.strip_prefix("/w/").and_then(|rest| rest.strip_prefix(slug)).is_some_and(|rest| rest.starts_with('/'));
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let before_query = path.split(['?', '#']).next().unwrap_or_default();
    let lowered = before_query.to_ascii_lowercase();
    let stays = before_query.split('/').all(|part| part != "..") && !lowered.contains("%2e") && !lowered.contains("//");
    let leads_on = !before_query.ends_with("/sign-in") && !before_query.ends_with("/sign-out");
    slug_like(slug) && inside && plain && stays && leads_on && path.len() <= NEXT_CHARS_MAX
}

/// The middleware around every page.
pub(super) async fn look(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let uri = request.uri();
    let look = Look {
        theme: cookie(headers, THEME_COOKIE).map(Theme::from_word).unwrap_or_default(),
        flash: cookie(headers, FLASH_COOKIE).and_then(Done::from_code),
        path: uri.path().to_owned(),
        path_and_query: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        reading: matches!(*request.method(), Method::GET | Method::HEAD),
        origin: headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned),
    };
    let shown = look.flash.is_some() && look.reading;
    let mut response = LOOK.scope(look, next.run(request)).await;
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == HTML);
    if shown && is_page {
        add_cookie(&mut response, &format!("{FLASH_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"));
    }
    response
}

/// The value of a cookie; the first of its name.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Adds a `Set-Cookie` header.
pub(super) fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

const HTML: &str = "text/html; charset=utf-8";

/// A page as an answer.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, html).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
            response
        }
        Err(error) => {
            tracing::error!(request_id = %edge::request_id(), %error, "a page could not be rendered");
            Problem::internal().into_response()
        }
    }
}

/// Sends the browser to another page, which it reads with GET.
pub(super) fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Sends the browser on, with a sentence above the next page.
pub(super) fn see_other_with(path: &str, done: Done) -> Response {
    let mut response = see_other(path);
    add_cookie(
        &mut response,
        &format!("{FLASH_COOKIE}={}; Path=/; Max-Age=30; HttpOnly; SameSite=Strict", done.code()),
    );
    response
}

/// A frame without a workspace.
pub(super) fn bare_frame(title: &str, active: Nav) -> Frame {
    let look = current();
    Frame {
        title: title.to_owned(),
        workspace: None,
        active,
        theme: look.theme,
        nonce: edge::nonce(),
        flash: look.flash.filter(|_| look.reading).map(Done::flash),
    }
}

macro_rules! done {
    ($($(#[$doc:meta])* $name:ident $code:literal $tone:ident $text:literal;)*) => {
        /// What was just done: a closed list, so that the cookie between two pages holds no content.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Done { $($(#[$doc])* $name),* }
        impl Done {
            fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
            const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
            fn flash(self) -> Flash {
                match self { $(Self::$name => Flash { tone: Tone::$tone, text: $text.to_owned() }),* }
            }
        }
    };
}

done! {
    HandedIn "handed-in" Ok "Your request is handed in.";
    Saved "saved" Ok "The new revision is saved. It starts again at its first stage.";
    Approved "approved" Ok "You approved the request.";
    Rejected "rejected" Ok "You rejected the request.";
    Returned "returned" Ok "You asked for changes. The request is back with its requester.";
    NotAsked "not-asked" Wait "Nothing was changed: this decision is no longer asked for.";
    Commented "commented" Ok "Your comment is there.";
    Withdrawn "withdrawn" Ok "The request is withdrawn.";
    Answered "answered" Ok "The request is handed in again.";
    PersonSaved "person-saved" Ok "The changes are saved.";
    PersonEnded "person-ended" Ok "The membership has ended. Sessions, tokens and links ended with it.";
    GroupMade "group-made" Ok "The group is there. Add people to it.";
    GroupChanged "group-changed" Ok "The group is changed.";
    Published "published" Ok "The new version is published. Requests that are under way stay with theirs.";
    TokenEnded "token-ended" Ok "The token has ended.";
    StreamMade "stream-made" Ok "The stream is made. Send a test to see whether its receiver takes it.";
    StreamPaused "stream-paused" Ok "The stream is paused. Nothing is lost.";
    StreamResumed "stream-resumed" Ok "The stream goes on where it stood.";
    StreamSkipped "stream-skipped" Wait "The records are left out, and the stream goes on behind them.";
    StreamRemoved "stream-removed" Ok "The stream is removed.";
    StreamUnchanged "stream-unchanged" Wait "Nothing was changed: the stream does not stand still.";
    Erasing "erasing" Ok "The erasure is ordered. It takes some seconds; the list says how far it is.";
    EndOrdered "end-ordered" Wait "The end of this workspace is ordered. It can be taken back until then.";
    EndTakenBack "end-taken-back" Ok "The order is taken back. The workspace goes on.";
    SignedOut "signed-out" Ok "You are signed out.";
    PasswordSet "password-set" Ok "Your password is set.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_workspace_are_followed() {
        for good in ["/w/acme/", "/w/acme/requests/1?a=b#c", "/w/acme/audit?x=//y"] {
            assert!(is_next(good, "acme"), "{good}");
        }
        let long = format!("/w/acme/{}", "a".repeat(NEXT_CHARS_MAX));
        for bad in [
            "",
            "/",
            "//evil",
            "https://evil/w/acme/",
            "/w/acmes/",
            "/w/acme",
            "/w/acme/../beta/",
            "/w/acme/%2E%2e/x",
            "/w/acme//x",
            "/w/acme/\\x",
            "/w/acme/ x",
            "/w/acme/\nx",
            "/w/beta/",
            "/w/acme/sign-in",
            "/w/acme/\u{e9}",
            &long,
        ] {
            assert!(!is_next(bad, "acme"), "{bad}");
        }
        assert!(is_next(&long[..NEXT_CHARS_MAX], "acme"));
        assert!(!is_next("/w//x", ""));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; cs-theme=dark;b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=3"));
        assert_eq!(cookie(&headers, THEME_COOKIE), Some("dark"));
        assert_eq!(cookie(&headers, "c"), Some("3"));
        assert_eq!(cookie(&headers, "theme"), None);
    }

    #[test]
    fn every_code_of_a_flash_reads_back() {
        for done in [Done::HandedIn, Done::NotAsked, Done::SignedOut] {
            assert_eq!(Done::from_code(done.code()), Some(done));
        }
        assert_eq!(Done::from_code("<b>"), None);
    }
}
