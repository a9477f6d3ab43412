//! Cursors: opaque, signed over workspace, route, filter and last key; an altered or foreign one is refused.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use seal::WorkspaceKeys;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Rows of a page, unless told.
const LIMIT_DEFAULT: i64 = 50;
/// Most rows of a page.
const LIMIT_MAX: i64 = 200;
/// Bytes of the tag.
const TAG_BYTES: usize = 16;

/// The query of an address; one that cannot be read is a problem like any other.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| Problem::malformed(rejection.body_text()))
    }
}

/// The paging part of a query.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Page {
    pub(crate) limit: Option<i64>,
    pub(crate) cursor: Option<String>,
}

impl Page {
    /// Rows wanted: 1 to 200, 50 by default.
    pub(crate) fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(LIMIT_DEFAULT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            _ => Err(Problem::malformed(format!("limit is a number from 1 to {LIMIT_MAX}."))),
        }
    }

    /// The last key of the page before, if the cursor is one of ours for this list.
    pub(crate) fn last_key(&self, keys: &WorkspaceKeys, list: &str) -> Result<Option<String>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let refused = || Problem::malformed("The cursor is not one of this list.");
        if cursor.len() > 400 {
            return Err(refused());
        }
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| refused())?;
        if bytes.len() <= TAG_BYTES {
            return Err(refused());
        }
        let (tag, key) = bytes.split_at(TAG_BYTES);
        if !seal::constant_time_eq(tag, &tag_of(keys, list, key)) {
            return Err(refused());
        }
        String::from_utf8(key.to_vec()).map(Some).map_err(|_| refused())
    }
}

/// The cursor behind a last key.
pub(crate) fn cursor(keys: &WorkspaceKeys, list: &str, key: &str) -> String {
    let mut bytes = tag_of(keys, list, key.as_bytes()).to_vec();
    bytes.extend_from_slice(key.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

fn tag_of(keys: &WorkspaceKeys, list: &str, key: &[u8]) -> [u8; TAG_BYTES] {
    let mac = keys.mac("countersign/cursor/v1", &[list.as_bytes(), key]);
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&mac[..TAG_BYTES]);
    tag
}
