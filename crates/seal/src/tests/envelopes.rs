//! What opens, and everything that must not.

use proptest::prelude::*;

use super::support::{Padded, ROW, Unversioned, Versioned, WORKSPACE, keys_of};
use crate::{ENVELOPE_OVERHEAD_BYTES, Error, MAX_CONTENT_BYTES, Purpose, Sealed, columns};

fn refused<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::DoesNotOpen))
}

/// The bytes of a value, claimed to be of another column.
fn moved<A: crate::Column, B: crate::Column>(sealed: &Sealed<A>) -> Sealed<B> {
    Sealed::from_envelope(sealed.as_bytes().to_vec())
}

proptest! {
    #[test]
    fn text_comes_back(text in ".{0,300}", row: [u8; 16]) {
        let keys = keys_of(WORKSPACE);
        let sealed = keys.seal::<columns::CommentBody>(row, &text).unwrap();
        prop_assert_eq!(sealed.as_bytes().len(), text.len() + ENVELOPE_OVERHEAD_BYTES);
        prop_assert_eq!(keys.open(row, &sealed).unwrap(), text);
    }

    #[test]
    fn padded_bytes_come_back(bytes in prop::collection::vec(prop_oneof![Just(0), Just(0x80), any::<u8>()], 0..100)) {
        let keys = keys_of(WORKSPACE);
        let sealed = keys.seal::<Padded>(ROW, &bytes).unwrap();
        prop_assert_eq!((sealed.as_bytes().len() - ENVELOPE_OVERHEAD_BYTES) % 16, 0);
        prop_assert_eq!(keys.open(ROW, &sealed).unwrap(), bytes);
    }

    #[test]
    fn versioned_text_opens_for_its_version_only(text in ".{0,60}", version: u64, other: u64) {
        let keys = keys_of(WORKSPACE);
        let sealed = keys.seal_version::<Versioned>(ROW, version, &text).unwrap();
        prop_assert_eq!(keys.open_version(ROW, version, &sealed).unwrap(), text);
        prop_assert_eq!(refused(keys.open_version(ROW, other, &sealed)), version != other);
    }

    #[test]
    fn noise_never_opens(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let keys = keys_of(WORKSPACE);
        prop_assert!(refused(keys.open(ROW, &Sealed::<columns::CommentBody>::from_envelope(noise))));
    }
}

#[test]
fn every_bit_and_every_length_counts() {
    let keys = keys_of(WORKSPACE);
    let sealed = keys.seal::<columns::CommentBody>(ROW, &"x".repeat(152)).unwrap().into_bytes();
    assert_eq!(sealed.len(), 200);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(keys.open(ROW, &Sealed::<columns::CommentBody>::from_envelope(changed))), "bit {bit}");
    }
    for length in 0..sealed.len() {
        let cut = Sealed::<columns::CommentBody>::from_envelope(sealed[..length].to_vec());
        assert!(refused(keys.open(ROW, &cut)), "length {length}");
    }
    let mut longer = sealed;
    longer.push(0);
    assert!(refused(keys.open(ROW, &Sealed::<columns::CommentBody>::from_envelope(longer))));
}

#[test]
fn every_value_of_every_header_byte_but_the_right_one_is_refused() {
    let keys = keys_of(WORKSPACE);
    let sealed = keys.seal::<columns::CommentBody>(ROW, &"text".to_owned()).unwrap().into_bytes();
    for at in 0..8 {
        for value in 0..=u8::MAX {
            let mut changed = sealed.clone();
            changed[at] = value;
            let opened = keys.open(ROW, &Sealed::<columns::CommentBody>::from_envelope(changed));
            assert_eq!(opened.is_ok(), value == sealed[at], "byte {at} = {value}");
        }
    }
}

#[test]
fn value_opens_in_its_own_row_column_table_and_workspace_only() {
    let keys = keys_of(WORKSPACE);
    let sealed = keys.seal::<columns::MailSubject>(ROW, &"text".to_owned()).unwrap();
    assert!(keys.open(ROW, &sealed).is_ok());
    assert!(refused(keys.open([0xbc; 16], &sealed)));
    assert!(refused(keys.open(ROW, &moved::<_, columns::MailBody>(&sealed))), "another column");
    assert!(refused(keys.open(ROW, &moved::<_, columns::CommentBody>(&sealed))), "another table");
    assert!(refused(keys_of([0xab; 16]).open(ROW, &sealed)), "another workspace with other keys");
}

/// The keys alone would keep workspaces apart; the associated data does so even with the same keys.
#[test]
fn workspace_is_bound_even_under_one_and_the_same_key() {
    let keys = keys_of(WORKSPACE);
    let same_keys_elsewhere = crate::WorkspaceKeys::gather([0xab; 16], keys.keys().clone()).unwrap();
    let sealed = keys.seal::<columns::MailSubject>(ROW, &"text".to_owned()).unwrap();
    assert!(refused(same_keys_elsewhere.open(ROW, &sealed)));
}

#[test]
fn header_cannot_downgrade_the_shape() {
    let keys = keys_of(WORKSPACE);
    let versioned = keys.seal_version::<Versioned>(ROW, 3, &"text".to_owned()).unwrap();
    assert!(refused(keys.open(ROW, &moved::<_, Unversioned>(&versioned))));
    let mut downgraded = versioned.into_bytes();
    downgraded[3] = 0;
    assert!(refused(keys.open(ROW, &Sealed::<Unversioned>::from_envelope(downgraded))));
    let plain = keys.seal::<Unversioned>(ROW, &"text".to_owned()).unwrap();
    assert!(refused(keys.open_version(ROW, 0, &moved::<_, Versioned>(&plain))));
}

#[test]
fn keys_by_number_serve_their_purpose_only() {
    let keys = keys_of(WORKSPACE);
    let part = b"who".to_vec();
    let sealed = keys.seal_under::<columns::AuditPersonPart>(5, ROW, &part).unwrap();
    assert_eq!(sealed.key_no(), 5);
    assert_eq!(keys.open(ROW, &sealed).unwrap(), part);
    for wrong in [1, 2, 4, 6] {
        let result = keys.seal_under::<columns::AuditPersonPart>(wrong, ROW, &part);
        assert!(matches!(result, Err(Error::NoKey(Purpose::AuditPerson))), "key {wrong}");
    }
    assert!(refused(keys.open(ROW, &moved::<_, columns::AuditPeriodPart>(&sealed))));
    assert!(refused(keys.open(ROW, &moved::<_, columns::RevisionContent>(&sealed))));
}

#[test]
fn padding_hides_the_length_up_to_its_step() {
    let keys = keys_of(WORKSPACE);
    let length = |content_bytes: usize| keys.seal::<Padded>(ROW, &vec![7; content_bytes]).unwrap().into_bytes().len();
    assert_eq!(length(0), 48 + 16);
    assert_eq!(length(15), 48 + 16, "at the step");
    assert_eq!(length(16), 48 + 32, "one past it");
    let reason = |text: &str| keys.seal::<columns::DecisionReason>(ROW, &text.to_owned()).unwrap().into_bytes().len();
    assert_eq!(reason(""), reason("Over budget, please split the order."));
}

#[test]
fn wrong_padding_does_not_open() {
    let contents: [&[u8]; 5] =
        [&[], &[0; 16], &[1; 16], &[0x80; 15], b"0123456789abcde\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"];
    for content in contents {
        let place =
            crate::envelope::Place { workspace: WORKSPACE, table: 9002, column: 1, row: ROW, row_version: None };
        let key = crate::xaes::XaesKey::new(&[1; 32]);
        let sealed = crate::envelope::seal(&key, 1, Purpose::Field, &place, 0, content).unwrap();
        assert!(refused(crate::envelope::open(&key, 1, Purpose::Field, &place, 16, &sealed)), "{content:?}");
    }
}

#[test]
fn content_is_bounded() {
    let keys = keys_of(WORKSPACE);
    let mut content = vec![0; MAX_CONTENT_BYTES];
    let sealed = keys.seal::<columns::RevisionContent>(ROW, &content).unwrap();
    assert_eq!(keys.open(ROW, &sealed).unwrap().len(), MAX_CONTENT_BYTES);
    content.push(0);
    let refused = keys.seal::<columns::RevisionContent>(ROW, &content).unwrap_err();
    assert!(matches!(refused, Error::TooLong { size_bytes } if size_bytes == MAX_CONTENT_BYTES + 1));
}

#[test]
fn text_that_is_no_text_does_not_open() {
    let keys = keys_of(WORKSPACE);
    let place = crate::envelope::Place::of::<columns::CommentBody>(WORKSPACE, ROW, None);
    let (key_no, key) = keys.keys().first_key_value().unwrap();
    let sealed = crate::envelope::seal(key.sealing().unwrap(), *key_no, Purpose::Field, &place, 0, &[0xff]).unwrap();
    assert!(refused(keys.open(ROW, &Sealed::<columns::CommentBody>::from_envelope(sealed))));
}

#[test]
fn sealing_twice_gives_two_envelopes_and_debug_tells_neither() {
    let keys = keys_of(WORKSPACE);
    let text = "Gehaltserhöhung".to_owned();
    let first = keys.seal::<columns::CommentBody>(ROW, &text).unwrap();
    let second = keys.seal::<columns::CommentBody>(ROW, &text).unwrap();
    assert_ne!(first, second);
    assert_eq!(format!("{first:?}"), "Sealed(1, 64)");
    assert_eq!(format!("{keys:?}"), "WorkspaceKeys(5 keys)");
    assert_eq!(Sealed::<columns::CommentBody>::from_envelope(vec![1; 7]).key_no(), 0);
}

#[test]
fn blind_indexes_match_within_a_workspace_and_column_only() {
    let (here, there) = (keys_of(WORKSPACE), keys_of([0xab; 16]));
    let email = b"owner@sample.test";
    assert_eq!(here.blind::<columns::PersonEmail>(email), here.blind::<columns::PersonEmail>(email));
    assert_ne!(here.blind::<columns::PersonEmail>(email), there.blind::<columns::PersonEmail>(email));
    assert_ne!(here.blind::<columns::PersonEmail>(email), here.blind::<columns::LoginBucketKey>(email));
    assert_ne!(here.blind::<columns::PersonEmail>(email), here.blind::<columns::PersonEmail>(b"owner@sample.tes"));
}

#[test]
fn signatures_tell_labels_parts_and_workspaces_apart() {
    let (here, there) = (keys_of(WORKSPACE), keys_of([0xab; 16]));
    let sealed = here.mac("cursor", &[b"ab", b"c"]);
    assert_eq!(sealed, here.mac("cursor", &[b"ab", b"c"]));
    assert_ne!(sealed, here.mac("cursor", &[b"a", b"bc"]));
    assert_ne!(sealed, here.mac("cursor", &[b"abc"]));
    assert_ne!(sealed, here.mac("cursor", &[b"ab", b"c", b""]));
    assert_ne!(sealed, here.mac("cookie", &[b"ab", b"c"]));
    assert_ne!(sealed, there.mac("cursor", &[b"ab", b"c"]));
}
