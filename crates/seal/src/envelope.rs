//! The field envelope `CSE1`, byte by byte. All integers are big-endian.
//!
//! | offset | size | content |
//! |---|---|---|
//! | 0 | 1+1 | `ver` = 1, `alg` = 1 (XAES-256-GCM) |
//! | 2 | 1 | purpose |
//! | 3 | 1 | shape of the associated data: 0 = row, 1 = row + row version |
//! | 4 | 4 | `key_no`, unique within the workspace |
//! | 8 | 24 | nonce, random |
//! | 32 | n | ciphertext |
//! | 32+n | 16 | tag |
//!
//! Associated data of shape 0 (64 bytes): `"countersign/field/v1" || header[0..8] || workspace[16] ||
//! table u16 || column u16 || row[16]`; of shape 1 (72 bytes): the same and `row_version u64`.
//!
//! A padded column appends one byte 0x80 and then zeros up to a multiple of its padding (ISO/IEC 7816-4).

use zeroize::Zeroizing;

use crate::crypto::TAG_BYTES;
use crate::xaes::{NONCE_BYTES, XaesKey};
use crate::{Column, Error, Purpose, Shape, random};

/// What an envelope adds to its content: header 8, nonce 24, tag 16 bytes.
pub const ENVELOPE_OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/// The longest content one field may have, 16 MiB. Longer content belongs into a file.
pub const MAX_CONTENT_BYTES: usize = 1 << 24;

const LABEL: &[u8; 20] = b"countersign/field/v1";
const VERSION: u8 = 1;
const ALGORITHM_XAES_256_GCM: u8 = 1;
const HEADER_BYTES: usize = 8;
const TEXT_AT: usize = HEADER_BYTES + NONCE_BYTES;
const AAD_ROW_BYTES: usize = 64;
const AAD_MAX_BYTES: usize = 72;

/// Where a value lies: everything of the associated data that the header does not hold.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) workspace: [u8; 16],
    pub(crate) table: u16,
    pub(crate) column: u16,
    pub(crate) row: [u8; 16],
    /// Present exactly for [`Shape::RowVersion`].
    pub(crate) row_version: Option<u64>,
}

impl Place {
    pub(crate) fn of<C: Column>(workspace: [u8; 16], row: [u8; 16], row_version: Option<u64>) -> Self {
        Self { workspace, table: C::TABLE, column: C::COLUMN, row, row_version }
    }

    fn shape(&self) -> Shape {
        match self.row_version {
            None => Shape::Row,
            Some(_) => Shape::RowVersion,
        }
    }
}

/// Reads the key number from an envelope's header.
pub(crate) fn key_no(envelope: &[u8]) -> Option<u32> {
    envelope.get(4..HEADER_BYTES)?.try_into().ok().map(u32::from_be_bytes)
}

/// Seals under a fresh nonce.
pub(crate) fn seal(
    key: &XaesKey,
    key_no: u32,
    purpose: Purpose,
    place: &Place,
    pad_bytes: usize,
    content: &[u8],
) -> Result<Vec<u8>, Error> {
    seal_with_nonce(key, key_no, purpose, place, pad_bytes, content, &random::nonce())
}

/// Opens an envelope that must be of this key, purpose and place. The expected header is built from
/// what the caller knows and compared whole, so no byte of it can be chosen by who wrote the row.
pub(crate) fn open(
    key: &XaesKey,
    key_no: u32,
    purpose: Purpose,
    place: &Place,
    pad_bytes: usize,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let header = header(key_no, purpose, place.shape());
    if envelope.len() < ENVELOPE_OVERHEAD_BYTES || envelope[..HEADER_BYTES] != header {
        return Err(Error::DoesNotOpen);
    }
    let (head, rest) = envelope.split_at(TEXT_AT);
    let (text, tag) = rest.split_at(rest.len() - TAG_BYTES);
    let mut nonce = [0; NONCE_BYTES];
    nonce.copy_from_slice(&head[HEADER_BYTES..]);
    let (aad, aad_bytes) = aad(&header, place);
    let mut plain = key.open(&nonce, &aad[..aad_bytes], text, tag).ok_or(Error::DoesNotOpen)?;
    if pad_bytes > 0 {
        let content_bytes = unpadded_len(&plain, pad_bytes).ok_or(Error::DoesNotOpen)?;
        plain.truncate(content_bytes);
    }
    Ok(plain)
}

pub(crate) fn seal_with_nonce(
    key: &XaesKey,
    key_no: u32,
    purpose: Purpose,
    place: &Place,
    pad_bytes: usize,
    content: &[u8],
    nonce: &[u8; NONCE_BYTES],
) -> Result<Vec<u8>, Error> {
    if content.len() > MAX_CONTENT_BYTES {
        return Err(Error::TooLong { size_bytes: content.len() });
    }
    let header = header(key_no, purpose, place.shape());
    let (aad, aad_bytes) = aad(&header, place);
    let text_bytes = padded_len(content.len(), pad_bytes);
    let mut envelope = Vec::with_capacity(ENVELOPE_OVERHEAD_BYTES + text_bytes);
    envelope.extend_from_slice(&header);
    envelope.extend_from_slice(nonce);
    envelope.extend_from_slice(content);
    if pad_bytes > 0 {
        envelope.push(0x80);
        envelope.resize(TEXT_AT + text_bytes, 0);
    }
    let tag = key.seal(nonce, &aad[..aad_bytes], &mut envelope[TEXT_AT..]);
    envelope.extend_from_slice(&tag);
    Ok(envelope)
}

fn header(key_no: u32, purpose: Purpose, shape: Shape) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = key_no.to_be_bytes();
    [VERSION, ALGORITHM_XAES_256_GCM, purpose as u8, shape as u8, a, b, c, d]
}

fn aad(header: &[u8; HEADER_BYTES], place: &Place) -> ([u8; AAD_MAX_BYTES], usize) {
    let mut out = [0; AAD_MAX_BYTES];
    out[..20].copy_from_slice(LABEL);
    out[20..28].copy_from_slice(header);
    out[28..44].copy_from_slice(&place.workspace);
    out[44..46].copy_from_slice(&place.table.to_be_bytes());
    out[46..48].copy_from_slice(&place.column.to_be_bytes());
    out[48..64].copy_from_slice(&place.row);
    match place.row_version {
        None => (out, AAD_ROW_BYTES),
        Some(row_version) => {
            out[64..72].copy_from_slice(&row_version.to_be_bytes());
            (out, AAD_MAX_BYTES)
        }
    }
}

fn padded_len(content_bytes: usize, pad_bytes: usize) -> usize {
    if pad_bytes == 0 { content_bytes } else { (content_bytes + 1).next_multiple_of(pad_bytes) }
}

/// Length of the content before its padding, or `None` when the padding is not ours. The tag has
/// verified by now, so this runs on our own bytes and need not hide its time.
fn unpadded_len(plain: &[u8], pad_bytes: usize) -> Option<usize> {
    let marker = plain.iter().rposition(|byte| *byte != 0)?;
    let whole = plain.len().is_multiple_of(pad_bytes) && plain.len() - marker <= pad_bytes;
    (whole && plain[marker] == 0x80).then_some(marker)
}
