//! A form sent twice takes effect once: the answer to its key is kept with the act.

use axum::http::StatusCode;
use axum::response::Response;
use identity::idempotency::{self, Known};
use tenancy::{ReadWrite, Scope};

use super::body::Pairs;
use super::fail::Fail;
use super::look::see_other;
use crate::problem::Problem;

/// A new key for a form that is shown.
pub(super) fn draw_key() -> String {
    data_encoding::BASE64URL_NOPAD.encode(&seal::random::<16>())
}

/// Looks up the key of a form; an answer that was given already is given again.
pub(super) async fn begin(scope: &mut Scope<ReadWrite>, form: &Pairs) -> Result<Option<Response>, Fail> {
    match idempotency::begin(scope, form.get("submission_key"), form.hash).await? {
        Known::Fresh => Ok(None),
        Known::Replay { body, .. } => Ok(Some(see_other(&String::from_utf8_lossy(&body)))),
        Known::Mismatch => {
            let problem = Problem::new(StatusCode::CONFLICT, "sent-before", "This form was sent already");
            Err(problem.detail("What you sent first counts. Open the form anew to send something else.").into())
        }
    }
}

/// Keeps where the answer to a form leads; before the commit.
pub(super) async fn keep(scope: &mut Scope<ReadWrite>, form: &Pairs, path: &str) -> Result<(), Fail> {
    idempotency::keep(scope, form.get("submission_key"), form.hash, 303, path.as_bytes()).await?;
    Ok(())
}
