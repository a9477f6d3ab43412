//! Edge cases of Ed25519 (C2SP/CCTV): keys and first halves of signatures that are of low order, have a part of low order,
//! or are not written in their one form.
//!
//! What is pinned here is RFC 8032 without the cofactor: `[S]B - [k]A` is encoded and compared with `R` as it stands, S is
//! below the order of the group, and a key in another form than its one is refused. So an `R` in another form, a key in
//! another form and a difference of low order (which only a formula with the cofactor takes) are refused. A key of low
//! order in its one form is taken, as RFC 8032 and most others do: whoever pins one of these eight has pinned a key that
//! vouches for anything, which harms nobody who did not give that key, and which no honest signer has.
//!
//! Browsers follow "ref10" and take keys in another form; `verify.html` refuses those itself.

use data_encoding::HEXLOWER;

use crate::NoteError;
use crate::key::{Algorithm, PublicKey};

const VECTORS: &str = include_str!("vectors/ed25519.tsv");

/// A vector a line: key, signature, message, flags.
fn vectors() -> impl Iterator<Item = (PublicKey, Vec<u8>, &'static str, Vec<&'static str>)> {
    VECTORS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [key, signature, message, flags] = parts[..] else { panic!("{line}") };
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let key = PublicKey::new("vector", Algorithm::Ed25519, hex(key).try_into().unwrap()).unwrap();
        (key, hex(signature), message, flags.split_whitespace().collect())
    })
}

#[test]
fn edge_cases_are_taken_and_refused_by_one_rule() {
    let (mut taken, mut refused) = (0, 0);
    for (at, (key, signature, message, flags)) in vectors().enumerate() {
        let held = key.check(message.as_bytes(), &signature);
        let is_taken =
            !["non_canonical_A", "non_canonical_R", "low_order_residue"].iter().any(|flag| flags.contains(flag));
        match is_taken {
            true => assert_eq!(held, Ok(()), "vector {at}: {flags:?}"),
            false => assert_eq!(held, Err(NoteError::Invalid("vector".to_owned())), "vector {at}: {flags:?}"),
        }
        if is_taken { taken += 1 } else { refused += 1 }
    }
    assert_eq!((taken, refused, taken + refused), (TAKEN, 914 - TAKEN, 914));
}

const TAKEN: usize = 172;

#[test]
fn a_signature_has_one_second_half() {
    // Any S that is the order of the group too large is the same number and another text.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = crate::SigningKey::from_seed("log", &[7; 32]).unwrap();
    let note = key.sign("text\n").unwrap();
    let note = crate::Note::parse(note.as_bytes()).unwrap();
    let mut bytes = note.signatures[0].bytes.clone();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let mut other = note.clone();
    other.signatures[0].bytes = bytes;
    assert_eq!(note.verify(key.verifier()), Ok(()));
    assert_eq!(other.verify(key.verifier()), Err(NoteError::Invalid("log".to_owned())));
}
