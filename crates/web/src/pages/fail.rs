//! The one place where an error becomes a page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use requests::store::{ActError, PublishError};

use super::look::{self, page, see_other};
use crate::edge;
use crate::problem::Problem;
use crate::views::{ErrorPage, Nav};

/// Why a handler did not answer with its page.
#[derive(Debug)]
pub(super) enum Fail {
    /// A refusal or a failure.
    Problem(Box<Problem>),
    /// Another page tells what happened.
    Page(Box<Response>),
}

/// What a handler answers.
pub(super) type Answer = Result<Response, Fail>;

impl Fail {
    /// Absent and hidden alike.
    pub(super) fn not_found() -> Self {
        Problem::not_found().into()
    }
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<tenancy::Error> for Fail {
    fn from(error: tenancy::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<identity::Error> for Fail {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Tenancy(error) => error.into(),
            other => refused(StatusCode::UNPROCESSABLE_ENTITY, &other).into(),
        }
    }
}

impl From<ActError> for Fail {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Scope(error) => error.into(),
            other => refused(StatusCode::CONFLICT, &other).into(),
        }
    }
}

impl From<PublishError> for Fail {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Scope(error) => error.into(),
            other => refused(StatusCode::UNPROCESSABLE_ENTITY, &other).into(),
        }
    }
}

fn refused(status: StatusCode, error: &dyn std::error::Error) -> Problem {
    Problem::new(status, "refused", "This cannot be done").detail(sentence(&error.to_string()))
}

/// An error's words as a sentence.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", super::words::capital(text.trim_end_matches('.')))
}

/// The sentence to show beside a form, where the values are what is wrong.
pub(super) fn of_values(error: identity::Error) -> Result<String, Fail> {
    match error {
        identity::Error::Tenancy(tenancy::Error::Bound { what, bound }) => {
            Ok(format!("There may be at most {bound} {what}."))
        }
        identity::Error::Tenancy(error) => Err(error.into()),
        identity::Error::Invalid { field, problem } => Ok(sentence(&format!("{field} {problem}"))),
        other => Ok(sentence(&other.to_string())),
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        match self {
            Self::Page(response) => *response,
            Self::Problem(problem) if problem.status == StatusCode::UNAUTHORIZED => to_sign_in(),
            Self::Problem(problem) => error_page(&problem),
        }
    }
}

/// Sends somebody who is not signed in to where they can be, and back afterwards.
fn to_sign_in() -> Response {
    let look = look::current();
    let Some(slug) = look.slug() else { return see_other("/") };
    let next = look.next().map(|next| {
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        format!("?next={encoded}")
    });
    see_other(&format!("/w/{slug}/sign-in{}", next.unwrap_or_default()))
}

fn error_page(problem: &Problem) -> Response {
    let (happened, what_to_do) = match problem.status {
        StatusCode::NOT_FOUND => (
            "There is nothing here".to_owned(),
            "It was never here, or it is not yours to see. Check the address, or begin again from the start."
                .to_owned(),
        ),
        StatusCode::FORBIDDEN => (
            "You may see this but not do it".to_owned(),
            "Ask somebody who manages your workspace for the right to do it.".to_owned(),
        ),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Too much is going on just now".to_owned(), "Nothing was changed. Wait a moment and try again.".to_owned())
        }
        StatusCode::INTERNAL_SERVER_ERROR => (
            "Something went wrong on our side".to_owned(),
            "Nothing was changed. Try again; if it stays, tell whoever runs this installation the id below.".to_owned(),
        ),
        _ => (
            problem.title.trim_end_matches('.').to_owned(),
            problem.detail.clone().unwrap_or_else(|| "Go back, look at the page again and try once more.".to_owned()),
        ),
    };
    let look = look::current();
    let (home, words) = match look.slug() {
        Some(slug) => (format!("/w/{slug}/"), "To the start page".to_owned()),
        None => ("/".to_owned(), "To the start page".to_owned()),
    };
    let shown = ErrorPage {
        frame: look::bare_frame(&happened, Nav::Elsewhere),
        status: problem.status.as_u16(),
        happened,
        what_to_do,
        request_id: edge::request_id(),
        way_on: Some((home, words)),
    };
    let mut response = page(problem.status, &shown);
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
