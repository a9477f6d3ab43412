//! Idempotency-Key: the same key and body get the same answer; the answer is kept in the act's own transaction.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::idempotency::{self, Known};
use serde_json::Value;
use tenancy::{ReadWrite, Scope};

use crate::edge;
use crate::problem::Problem;

/// What to do with a request that may be a repetition.
pub(crate) enum Turn {
    /// It is one: this was the answer.
    Again(Response),
    /// It is the first.
    First(Keep),
}

/// Keeps the answer, if a key was sent.
pub(crate) struct Keep {
    key: Option<(String, [u8; 32])>,
}

/// Looks a key up. Concurrent requests with the same key queue behind each other.
pub(crate) async fn turn(
    scope: &mut Scope<ReadWrite>,
    headers: &HeaderMap,
    route: &str,
    body: &[u8],
) -> Result<Turn, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(Turn::First(Keep { key: None })) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| Problem::malformed("Idempotency-Key has 1 to 255 visible characters."))?;
    // A key belongs to its address; the hash keeps both apart from every other pair, whatever their length.
    let place = format!("{route}\n{}\n{key}", edge::path());
    let key = data_encoding::HEXLOWER.encode(&seal::sha256(place.as_bytes()));
    let hash = seal::sha256(body);
    match idempotency::begin(scope, &key, hash).await? {
        Known::Fresh => Ok(Turn::First(Keep { key: Some((key, hash)) })),
        Known::Replay { status, body } => {
            let status = StatusCode::from_u16(status).map_err(|_| Problem::internal())?;
            let mut response = (status, body).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
            Ok(Turn::Again(response))
        }
        Known::Mismatch => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "This Idempotency-Key was used with another body.",
        )),
    }
}

impl Keep {
    /// Keeps an answer.
    pub(crate) async fn keep(
        self,
        scope: &mut Scope<ReadWrite>,
        status: StatusCode,
        body: &Value,
    ) -> Result<(), Problem> {
        if let Some((key, hash)) = self.key {
            idempotency::keep(scope, &key, hash, status.as_u16(), body.to_string().as_bytes()).await?;
        }
        Ok(())
    }
}
