//! The short number people say aloud: a process's prefix and eight characters of the request's random id.

use tenancy::RequestId;

/// Crockford's base 32: no I, L, O or U, so that it can be read out and typed.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `PUR-7K3M9Q2A`: the prefix and the last 40 bits of the id, which are random in a version 7 UUID. There is no
/// counter, so nobody queues for a number and none says how many requests there are. Two requests may share one by
/// chance (one in 10^12 a pair): a number is for people, the id is what programs use.
#[must_use]
pub fn request_number(prefix: &str, request: RequestId) -> String {
    let bits = request.uuid().as_u128();
    let letter = |place: u32| char::from(CROCKFORD[usize::try_from((bits >> (5 * place)) & 31).unwrap_or(0)]);
    let letters: String = (0..8).rev().map(letter).collect();
    format!("{prefix}-{letters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_last_forty_bits() {
        let id = |bits| RequestId::from_uuid(uuid::Uuid::from_u128(bits));
        assert_eq!(request_number("PUR", id(0)), "PUR-00000000");
        assert_eq!(request_number("PUR", id((1 << 40) | 31)), "PUR-0000000Z");
        assert_eq!(request_number("AB", id(31 << 35)), "AB-Z0000000");
    }
}
