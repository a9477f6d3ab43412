//! Thin calls into AWS-LC: hash, MAC, key derivation, comparison and AES-256-GCM.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};

/// Bytes of an AES-GCM tag.
pub(crate) const TAG_BYTES: usize = 16;

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// HMAC-SHA256 (RFC 2104) over the parts one after the other, without separators: the caller
/// makes them fixed-width or length-prefixed.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    hmac_with(&hmac::Key::new(hmac::HMAC_SHA256, key), parts)
}

/// HKDF-Expand-SHA256 (RFC 5869, section 2.3) of 32 bytes, with `key` as the pseudorandom key.
#[must_use]
pub fn hkdf_expand_sha256(key: &[u8; 32], info: &[&[u8]]) -> zeroize::Zeroizing<[u8; 32]> {
    struct Len32;
    impl hkdf::KeyType for Len32 {
        fn len(&self) -> usize {
            32
        }
    }
    let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key);
    let mut out = zeroize::Zeroizing::new([0; 32]);
    prk.expand(info, Len32)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .expect("32 bytes are within what HKDF-SHA256 gives");
    out
}

/// Compares without telling by its time where the difference lies. Different lengths are unequal.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// HMAC under a prepared key.
pub(crate) fn hmac_with(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// Encrypts `in_out` in place and returns the tag.
pub(crate) fn gcm_seal(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG_BYTES] {
    let tag = gcm_key(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out)
        .expect("content is bounded far below the limit of GCM");
    let mut out = [0; TAG_BYTES];
    out.copy_from_slice(tag.as_ref());
    out
}

/// Decrypts into `out`, which has the length of `sealed`. `None` when the tag does not verify;
/// `out` then holds nothing of the content.
pub(crate) fn gcm_open(
    key: &[u8; 32],
    nonce: [u8; 12],
    aad: &[u8],
    sealed: &[u8],
    tag: &[u8],
    out: &mut [u8],
) -> Option<()> {
    gcm_key(key).open_separate_gather(Nonce::assume_unique_for_key(nonce), Aad::from(aad), sealed, tag, out).ok()
}

fn gcm_key(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key has 32 bytes"))
}
