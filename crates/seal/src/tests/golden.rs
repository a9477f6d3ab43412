//! The bytes of each format against files made by another implementation (`golden/make.py`).

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;

use super::support::{ROW, WORKSPACE, counting_key};
use crate::envelope::{Place, open, seal_with_nonce};
use crate::record::{KeyRecord, Kind, State};
use crate::workspace::DataKey;
use crate::wrap::{WrapKind, WrapPlace, unwrap, wrap_with_nonce};
use crate::xaes::XaesKey;
use crate::{Purpose, Secret, WorkspaceKeys, columns};

fn golden(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.trim().as_bytes()).unwrap()
}

fn nonce() -> [u8; 24] {
    std::array::from_fn(|at| 0x40 + u8::try_from(at).unwrap())
}

#[test]
fn field_envelopes_are_the_golden_ones() {
    let cases = [
        (include_str!("../../golden/cse1-row.hex"), 0x0102_0304, 7, 1, None, 0, "Reisekosten € 40"),
        (include_str!("../../golden/cse1-row-version.hex"), 2, 9001, 1, Some(5), 0, "golden"),
        (include_str!("../../golden/cse1-padded.hex"), 3, 9, 1, None, 64, "no"),
    ];
    let key = XaesKey::new(counting_key().expose());
    for (file, key_no, table, column, row_version, pad_bytes, content) in cases {
        let place = Place { workspace: WORKSPACE, table, column, row: ROW, row_version };
        let content = content.as_bytes();
        let sealed = seal_with_nonce(&key, key_no, Purpose::Field, &place, pad_bytes, content, &nonce()).unwrap();
        assert_eq!(HEXLOWER.encode(&sealed), file.trim());
        let opened = open(&key, key_no, Purpose::Field, &place, pad_bytes, &golden(file)).unwrap();
        assert_eq!(opened.as_slice(), content);
    }
}

fn wrap_place(purpose: u8) -> WrapPlace {
    WrapPlace { kind: WrapKind::DataKey, parent: 1, workspace: WORKSPACE, purpose, number: 9, subject: [0xcc; 16] }
}

#[test]
fn wrapped_key_is_the_golden_one_and_every_byte_of_it_counts() {
    let by = XaesKey::new(counting_key().expose());
    let key = Secret::from_slice(&[0xff; 32]).unwrap();
    let file = include_str!("../../golden/csw1-data-key.hex");
    let wrapped = wrap_with_nonce(&by, &wrap_place(1), &key, &nonce());
    assert_eq!(HEXLOWER.encode(&wrapped), file.trim());
    assert_eq!(unwrap(&by, &wrap_place(1), &golden(file)).unwrap().expose(), key.expose());
    for at in 0..wrapped.len() {
        let mut changed = wrapped;
        changed[at] ^= 1;
        assert!(unwrap(&by, &wrap_place(1), &changed).is_none(), "byte {at}");
    }
    assert!(unwrap(&by, &wrap_place(1), &wrapped[..79]).is_none());
}

#[test]
fn wrapped_key_opens_only_in_its_place() {
    let by = XaesKey::new(counting_key().expose());
    let key = Secret::generate();
    let home = wrap_place(1);
    let wrapped = wrap_with_nonce(&by, &home, &key, &nonce());
    let others = [
        WrapPlace { kind: WrapKind::WorkspaceKey, ..home },
        WrapPlace { parent: 2, ..home },
        WrapPlace { workspace: [0xab; 16], ..home },
        WrapPlace { purpose: 2, ..home },
        WrapPlace { number: 10, ..home },
        WrapPlace { subject: [0; 16], ..home },
    ];
    assert!(unwrap(&by, &home, &wrapped).is_some());
    for other in others {
        assert!(unwrap(&by, &other, &wrapped).is_none());
    }
}

#[test]
fn key_object_is_the_golden_one() {
    let file = golden(include_str!("../../golden/csk1-data-key.hex"));
    let by = XaesKey::new(counting_key().expose());
    let key = Secret::from_slice(&[0xff; 32]).unwrap();
    let record = KeyRecord {
        kind: Kind::DataKey,
        state: State::OpensOnly,
        purpose: Purpose::AuditPerson as u8,
        number: 9,
        ttl_s: 0,
        workspace: WORKSPACE,
        subject: [0xcc; 16],
        made_unix_s: 1000,
        retired_unix_s: 2000,
        id: [0xdd; 16],
        commitment: [0; 32],
        wrapped: wrap_with_nonce(&by, &wrap_place(Purpose::AuditPerson as u8), &key, &nonce()),
        seal: [0; 32],
    }
    .sealed_by(&key);
    assert_eq!(HEXLOWER.encode(&record.encode()), HEXLOWER.encode(&file));
    assert_eq!(KeyRecord::decode(&file).unwrap(), record);
    assert!(record.is_sealed_by(&key));
    assert!(!record.is_sealed_by(&Secret::generate()));
    assert!(KeyRecord::decode(&file[..223]).is_none());
}

#[test]
fn retired_key_object_cannot_be_made_active_again() {
    let mut file = golden(include_str!("../../golden/csk1-data-key.hex"));
    let key = Secret::from_slice(&[0xff; 32]).unwrap();
    file[6] = State::Active as u8;
    assert!(!KeyRecord::decode(&file).unwrap().is_sealed_by(&key));
}

#[test]
fn blind_index_is_the_golden_one() {
    let purposes = [Purpose::Field, Purpose::Blind, Purpose::Url];
    let keys: BTreeMap<u32, Arc<DataKey>> = (1..)
        .zip(purposes)
        .map(|(key_no, purpose)| {
            (key_no, Arc::new(DataKey::new(key_no, purpose, [0; 16], State::Active, counting_key())))
        })
        .collect();
    let keys = WorkspaceKeys::gather(WORKSPACE, keys).unwrap();
    let index = keys.blind::<columns::PersonEmail>(b"owner@sample.test");
    assert_eq!(HEXLOWER.encode(&index), include_str!("../../golden/blind-email.hex").trim());
}
