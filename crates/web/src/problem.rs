//! RFC 9457 problem details: the one place where an error becomes an answer of the API.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge;

/// One thing that is wrong with the values sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// A stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path that was asked.
    pub instance: String,
    /// Names this request in the log.
    pub request_id: String,
    /// Every value that needs attention.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// A refusal, before it is an answer.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable code: the last part of `type`.
    pub code: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// What happened this time.
    pub detail: Option<String>,
    /// Every value that needs attention.
    pub errors: Vec<FieldProblem>,
    /// Seconds after which to come again.
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, errors: Vec::new(), retry_after_s: None }
    }
    /// With what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
    /// Absent and hidden alike.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing here.")
    }
    /// No token, or one that no longer counts.
    #[must_use]
    pub const fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "A valid API token is needed.")
    }
    /// The request itself cannot be read.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read.").detail(detail)
    }
    /// Values that are not valid.
    #[must_use]
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.len() {
            1 => "1 field needs attention.".to_owned(),
            count => format!("{count} fields need attention."),
        };
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-values", "Some values are not valid.").detail(detail);
        problem.errors = errors;
        problem
    }
    /// One value that is not valid.
    #[must_use]
    pub fn invalid_at(pointer: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        }])
    }
    /// Something of ours broke; the log has it under the request's id.
    #[must_use]
    pub const fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
    }
}

impl From<tenancy::Error> for Problem {
    fn from(error: tenancy::Error) -> Self {
        use tenancy::Error;
        match error {
            Error::NotFound => Self::not_found(),
            Error::Forbidden => Self::new(StatusCode::FORBIDDEN, "forbidden", "You may see this but not do it."),
            Error::Unauthenticated => Self::unauthenticated(),
            Error::Constraint(name) => {
                Self::new(StatusCode::CONFLICT, "conflict", "This conflicts with something that is there.")
                    .detail(format!("The rule {name} refused it."))
            }
            Error::Bound { what, bound } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bound", "A bound was passed.")
                .detail(format!("There may be at most {bound} {what}.")),
            Error::Busy => {
                let mut problem =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much is going on; try again shortly.");
                problem.retry_after_s = Some(1);
                problem
            }
            Error::Unavailable => {
                let mut problem = Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "The database cannot be reached just now.",
                );
                problem.retry_after_s = Some(2);
                problem
            }
            other => {
                // The variant and the SQLSTATE only: the driver's message may quote values.
                tracing::error!(
                    request_id = %edge::request_id(),
                    state = other.sql_state(),
                    kind = kind_of(&other),
                    "a request failed"
                );
                Self::internal()
            }
        }
    }
}

fn kind_of(error: &tenancy::Error) -> String {
    match error {
        tenancy::Error::Database { statement, .. } => format!("statement {statement}"),
        tenancy::Error::Rows { statement, expected, found } => format!("{statement}: {found} of {expected} rows"),
        tenancy::Error::Row { table, column, .. } => format!("{table}.{column} unreadable"),
        tenancy::Error::Seal(error) => format!("seal: {error}"),
        tenancy::Error::Integrity(what) => format!("integrity: {what}"),
        other => other.to_string(),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: format!("https://countersign.example/problems/{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: edge::path(),
            request_id: edge::request_id(),
            errors: self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        response
    }
}

impl From<identity::Error> for Problem {
    fn from(error: identity::Error) -> Self {
        use identity::Error;
        let words = error.to_string();
        match error {
            Error::Tenancy(error) => error.into(),
            Error::Invalid { field, problem } => {
                Self::invalid_at(&format!("/{field}"), "invalid", format!("{field}: {problem}"))
            }
            Error::MayNotGrant | Error::LastOwner => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "You may see this but not do it.").detail(words)
            }
            Error::LinkDead => Self::not_found(),
            Error::EmailTaken
            | Error::GroupNameTaken
            | Error::TooManyLinks
            | Error::NotActive
            | Error::WrongPassword
            | Error::SlugTaken => {
                Self::new(StatusCode::CONFLICT, "conflict", "This conflicts with something that is there.")
                    .detail(words)
            }
            Error::AnswerTooLong { .. } => {
                tracing::error!(request_id = %edge::request_id(), "an answer was too long to keep");
                Self::internal()
            }
        }
    }
}
