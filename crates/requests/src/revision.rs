//! The hash that a decision names: the exact content of a request at one time.
//!
//! `SHA-256("countersign/revision/v1\0" || canonical JSON)`, where the JSON names request, number, process version,
//! salt, values, files and parent. The salt lies inside the sealed content: without it the hash of a short form
//! ("yes, 1000 EUR") in a clear column could be guessed.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde_json::json;
use tenancy::RequestId;
use tenancy::canonical::{self, CanonicalError};

use crate::form::Values;

/// Bytes of salt in a revision.
pub const SALT_BYTES: usize = 16;
/// Most bytes a revision's canonical form may have.
pub const REVISION_BYTES_MAX: usize = 1 << 20;

/// What a revision's hash covers.
#[derive(Debug, Clone)]
pub struct RevisionContent<'a> {
    /// The request.
    pub request: RequestId,
    /// 1 for the first revision of the request.
    pub number: u32,
    /// The hash of the process version the request is pinned to.
    pub version_hash: [u8; 32],
    /// Random, drawn once for this revision.
    pub salt: [u8; SALT_BYTES],
    /// The checked values.
    pub values: &'a Values,
    /// The hash of the revision before, if there was one.
    pub parent: Option<[u8; 32]>,
}

/// Why a revision has no hash.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The values have no canonical form.
    #[error("the values have no canonical form")]
    Canonical(#[from] CanonicalError),
    /// Larger than [`REVISION_BYTES_MAX`].
    #[error("the request is larger than 1 MiB")]
    TooLarge,
}

/// The hash of a revision.
///
/// # Errors
/// [`RevisionError`] if the content is too large or has no canonical form.
pub fn hash(content: &RevisionContent<'_>) -> Result<[u8; 32], RevisionError> {
    let document = json!({
        "request": content.request.to_string(),
        "number": content.number,
        "version_hash": HEXLOWER.encode(&content.version_hash),
        "salt": HEXLOWER.encode(&content.salt),
        "values": content.values.to_json(),
        "files": [],
        "parent": content.parent.map(|hash| HEXLOWER.encode(&hash)),
    });
    let text = canonical::to_string(&document)?;
    if text.len() > REVISION_BYTES_MAX {
        return Err(RevisionError::TooLarge);
    }
    Ok(sha256(&[b"countersign/revision/v1\0", text.as_bytes()]))
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_changes_the_hash() {
        let values = Values::default();
        let base = RevisionContent {
            request: RequestId::from_uuid(uuid::Uuid::nil()),
            number: 1,
            version_hash: [1; 32],
            salt: [2; 16],
            values: &values,
            parent: None,
        };
        let first = hash(&base).unwrap();
        assert_eq!(first, hash(&base.clone()).unwrap());
        let mut more = Values::default();
        more.insert("a".to_owned(), crate::form::Value::Checkbox(true));
        for changed in [
            RevisionContent { number: 2, ..base.clone() },
            RevisionContent { version_hash: [3; 32], ..base.clone() },
            RevisionContent { salt: [3; 16], ..base.clone() },
            RevisionContent { values: &more, ..base.clone() },
            RevisionContent { parent: Some([0; 32]), ..base.clone() },
            RevisionContent { request: RequestId::from_uuid(uuid::Uuid::max()), ..base.clone() },
        ] {
            assert_ne!(first, hash(&changed).unwrap());
        }
    }
}
