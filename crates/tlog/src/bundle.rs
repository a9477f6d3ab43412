//! Entry bundles (C2SP tlog-tiles, section Log entries): up to 256 entries, each behind its length in two bytes.

use crate::tile::TILE_WIDTH;

/// Longest entry, in bytes: the largest length that two bytes hold.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Longest bundle, in bytes: 256 of the longest entries.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);

/// Why entries make no bundle, or bytes are none. Entries and bytes count from 0 within the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than [`ENTRY_BYTES_MAX`].
    #[error("entry {entry} has {found} bytes; {ENTRY_BYTES_MAX} are the most")]
    TooLong {
        /// Which entry.
        entry: usize,
        /// Its bytes.
        found: usize,
    },
    /// There are no entries or more than 256.
    #[error("a bundle has 1 to {TILE_WIDTH} entries, not {0}")]
    Count(usize),
    /// The bytes end within an entry or before it.
    #[error("entry {entry} is cut short at byte {at}")]
    Cut {
        /// Which entry.
        entry: usize,
        /// Where the bytes end.
        at: usize,
    },
    /// Bytes follow the last entry.
    #[error("bytes follow the last entry at byte {at}")]
    Trailing {
        /// Where the last entry ends.
        at: usize,
    },
}

/// Writes a bundle.
///
/// # Errors
/// [`BundleError::TooLong`], [`BundleError::Count`].
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    let mut count = 0;
    for entry in entries {
        if count == usize::from(TILE_WIDTH) {
            return Err(BundleError::Count(count + 1));
        }
        let length = u16::try_from(entry.len());
        let length = length.map_err(|_| BundleError::TooLong { entry: count, found: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
        count += 1;
    }
    if count == 0 { Err(BundleError::Count(0)) } else { Ok(bytes) }
}

/// Reads a bundle of so many entries, to its last byte.
///
/// # Errors
/// [`BundleError`], with the entry and the byte.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let width = usize::from(width);
    if !(1..=usize::from(TILE_WIDTH)).contains(&width) {
        return Err(BundleError::Count(width));
    }
    let mut entries = Vec::with_capacity(width);
    let mut rest = bytes;
    for entry in 0..width {
        let cut = BundleError::Cut { entry, at: bytes.len() };
        let (length, behind) = rest.split_first_chunk::<2>().ok_or(cut)?;
        let (found, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(cut)?;
        entries.push(found);
        rest = behind;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { at: bytes.len() - rest.len() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_the_bytes_of_the_standard() {
        let bytes = encode_bundle([b"ab".as_slice(), b"", b"c"]).unwrap();
        assert_eq!(bytes, b"\x00\x02ab\x00\x00\x00\x01c");
        assert_eq!(decode_bundle(&bytes, 3), Ok(vec![b"ab".as_slice(), b"", b"c"]));
        let longest = vec![7; ENTRY_BYTES_MAX];
        let bytes = encode_bundle([longest.as_slice()]).unwrap();
        assert_eq!(bytes[..2], [255, 255]);
        assert_eq!(decode_bundle(&bytes, 1), Ok(vec![longest.as_slice()]));
    }

    #[test]
    fn bounds_hold_at_the_bound_and_one_past_it() {
        let longer = vec![0; ENTRY_BYTES_MAX + 1];
        let error = BundleError::TooLong { entry: 1, found: ENTRY_BYTES_MAX + 1 };
        assert_eq!(encode_bundle([b"".as_slice(), &longer]), Err(error));
        let entries = vec![b"".as_slice(); 257];
        let full = encode_bundle(entries[..256].iter().copied()).unwrap();
        assert_eq!(decode_bundle(&full, 256).unwrap().len(), 256);
        assert_eq!(encode_bundle(entries.iter().copied()), Err(BundleError::Count(257)));
        assert_eq!(encode_bundle([]), Err(BundleError::Count(0)));
        assert_eq!(decode_bundle(&full, 257), Err(BundleError::Count(257)));
        assert_eq!(decode_bundle(&[], 0), Err(BundleError::Count(0)));
    }

    #[test]
    fn bad_bundles_are_refused_with_their_place() {
        let bytes = encode_bundle([b"ab".as_slice(), b"c"]).unwrap();
        for end in 0..bytes.len() {
            let entry = usize::from(end >= 4);
            assert_eq!(decode_bundle(&bytes[..end], 2), Err(BundleError::Cut { entry, at: end }));
        }
        assert_eq!(decode_bundle(&bytes, 1), Err(BundleError::Trailing { at: 4 }));
        assert_eq!(decode_bundle(&bytes, 3), Err(BundleError::Cut { entry: 2, at: 7 }));
    }
}
