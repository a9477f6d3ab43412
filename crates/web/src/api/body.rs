//! Reading bodies: bounded, typed, and refused with a sentence that names the place.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::state::App;

/// Deepest nesting of a JSON body.
pub(crate) const JSON_DEPTH_MAX: usize = 32;

/// A JSON body and the bytes it was read from.
#[derive(Debug)]
pub(crate) struct JsonBody<T> {
    /// The value.
    pub value: T,
    /// The bytes, for an idempotency key's comparison.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if kind != "application/json" && kind != "application/merge-patch+json" {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body must be application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large.")
                    .detail(format!("At most {} bytes.", app.limits.body_max_bytes))
            } else {
                Problem::malformed("The body ended early.")
            }
        })?;
        if claims::faults::on("log-bodies") {
            tracing::debug!("a body: {}", String::from_utf8_lossy(&bytes));
        }
        let strict = requests::parse_strict_json(&bytes, JSON_DEPTH_MAX)
            .map_err(|error| Problem::malformed(error.to_string()))?;
        let value =
            serde_json::from_value(strict).map_err(|error| Problem::malformed(format!("The body: {error}.")))?;
        Ok(Self { value, bytes })
    }
}
