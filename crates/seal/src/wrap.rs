//! The key wrap `CSW1`, 80 bytes: one 256-bit key under another, with XAES-256-GCM.
//!
//! `ver` = 1, `alg` = 1, kind (1 workspace key under root, 2 data key under workspace key), 0,
//! parent u32, nonce[24], ciphertext[32], tag[16]. Associated data: `"countersign/wrap/v1" ||
//! header[0..8] || workspace[16] || purpose u8 || number u32 || subject[16]`.

use zeroize::Zeroizing;

use crate::xaes::{NONCE_BYTES, XaesKey};
use crate::{Secret, random};

/// Size of a wrapped key.
pub(crate) const WRAPPED_BYTES: usize = 80;

const HEADER_BYTES: usize = 8;
const TEXT_AT: usize = HEADER_BYTES + NONCE_BYTES;
const TAG_AT: usize = TEXT_AT + 32;
const LABEL: &[u8; 19] = b"countersign/wrap/v1";
const AAD_BYTES: usize = 19 + HEADER_BYTES + 16 + 1 + 4 + 16;

/// What wraps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum WrapKind {
    WorkspaceKey = 1,
    DataKey = 2,
}

/// Everything a wrapped key is bound to.
#[derive(Clone, Copy)]
pub(crate) struct WrapPlace {
    pub(crate) kind: WrapKind,
    /// Number of the wrapping key: root generation or workspace key version.
    pub(crate) parent: u32,
    pub(crate) workspace: [u8; 16],
    /// Purpose of a data key; 0 for a workspace key.
    pub(crate) purpose: u8,
    /// Version of a workspace key or number of a data key.
    pub(crate) number: u32,
    pub(crate) subject: [u8; 16],
}

/// Number of the key that wraps, as the header says.
pub(crate) fn parent(wrapped: &[u8]) -> Option<u32> {
    wrapped.get(4..HEADER_BYTES)?.try_into().ok().map(u32::from_be_bytes)
}

/// Wraps under a fresh nonce.
pub(crate) fn wrap(by: &XaesKey, place: &WrapPlace, key: &Secret<32>) -> [u8; WRAPPED_BYTES] {
    wrap_with_nonce(by, place, key, &random::nonce())
}

/// Unwraps; `None` when anything differs from what the caller expects.
pub(crate) fn unwrap(by: &XaesKey, place: &WrapPlace, wrapped: &[u8]) -> Option<Secret<32>> {
    let header = header(place);
    if wrapped.len() != WRAPPED_BYTES || wrapped[..HEADER_BYTES] != header {
        return None;
    }
    let mut nonce = [0; NONCE_BYTES];
    nonce.copy_from_slice(&wrapped[HEADER_BYTES..TEXT_AT]);
    let plain = by.open(&nonce, &aad(&header, place), &wrapped[TEXT_AT..TAG_AT], &wrapped[TAG_AT..])?;
    Secret::from_slice(&plain)
}

pub(crate) fn wrap_with_nonce(
    by: &XaesKey,
    place: &WrapPlace,
    key: &Secret<32>,
    nonce: &[u8; NONCE_BYTES],
) -> [u8; WRAPPED_BYTES] {
    let header = header(place);
    let mut text = Zeroizing::new([0; 32]);
    text.copy_from_slice(key.expose());
    let tag = by.seal(nonce, &aad(&header, place), text.as_mut_slice());
    let mut out = [0; WRAPPED_BYTES];
    out[..HEADER_BYTES].copy_from_slice(&header);
    out[HEADER_BYTES..TEXT_AT].copy_from_slice(nonce);
    out[TEXT_AT..TAG_AT].copy_from_slice(text.as_slice());
    out[TAG_AT..].copy_from_slice(&tag);
    out
}

fn header(place: &WrapPlace) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = place.parent.to_be_bytes();
    [1, 1, place.kind as u8, 0, a, b, c, d]
}

fn aad(header: &[u8; HEADER_BYTES], place: &WrapPlace) -> [u8; AAD_BYTES] {
    let mut out = [0; AAD_BYTES];
    out[..19].copy_from_slice(LABEL);
    out[19..27].copy_from_slice(header);
    out[27..43].copy_from_slice(&place.workspace);
    out[43] = place.purpose;
    out[44..48].copy_from_slice(&place.number.to_be_bytes());
    out[48..].copy_from_slice(&place.subject);
    out
}
