//! Small helpers around secrets and row identities.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// A new secret of 256 bits as base64url, 43 characters, and the SHA-256 of its bytes.
pub(crate) fn generate() -> (Zeroizing<String>, [u8; 32]) {
    let bytes = Zeroizing::new(seal::random::<32>());
    (Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_slice())), seal::sha256(bytes.as_slice()))
}

/// The SHA-256 of the 32 bytes that a base64url text of 43 characters carries.
pub(crate) fn hash_of(text: &str) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    (bytes.len() == 32).then(|| seal::sha256(&bytes))
}

/// Identity of a row whose key is not one UUID, for sealed values: the first 16 bytes of
/// `SHA-256("countersign/row/v1" || table u16 || key parts)`. Each part has a fixed width.
pub(crate) fn composite_row<C: seal::Column>(parts: &[&[u8]]) -> [u8; 16] {
    let mut message = b"countersign/row/v1".to_vec();
    message.extend_from_slice(&C::TABLE.to_be_bytes());
    for part in parts {
        message.extend_from_slice(part);
    }
    first_16(&seal::sha256(&message))
}

/// The first 16 bytes of a hash.
pub(crate) fn first_16(hash: &[u8; 32]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_what_it_carries_and_by_nothing_else() {
        let (text, hash) = generate();
        assert_eq!(hash_of(&text), Some(hash));
        assert_eq!(hash_of(&text[..42]), None);
        assert_eq!(hash_of(&format!("{}A", *text)), None);
        assert_eq!(hash_of(&"=".repeat(43)), None);
        assert_ne!(generate().1, hash);
    }

    #[test]
    fn rows_of_other_tables_and_keys_differ() {
        let one = composite_row::<seal::columns::IdempotencyResponse>(&[&[1; 16], &[2; 32]]);
        assert_ne!(one, composite_row::<seal::columns::IdempotencyResponse>(&[&[1; 16], &[3; 32]]));
        assert_ne!(one, composite_row::<seal::columns::DeviceText>(&[&[1; 16], &[2; 32]]));
    }
}
