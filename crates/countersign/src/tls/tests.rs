//! Handshakes in memory, and a local authority through the years.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, HandshakeKind, NamedGroup, ProtocolVersion, RootCertStore,
    ServerConnection, SupportedProtocolVersion, version,
};
use rustls_pki_types::{ServerName, UnixTime};

use super::*;
use crate::config::TlsVersion;

const DAY_S: u64 = 24 * 60 * 60;
const START_S: u64 = 1_795_300_000;

fn at(days: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(START_S + days * DAY_S))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A certificate valid on the machine's own clock, which the client reads.
fn local_now(dir: &Path) -> LocalCertificate {
    local_certificate(dir, UnixTime::now()).unwrap()
}

/// Shakes hands in memory and gives the client's side, or the first error of either.
fn handshake(
    files: &LocalCertificate,
    min: TlsVersion,
    client_versions: &[&'static SupportedProtocolVersion],
    suites: Option<Vec<CipherSuite>>,
) -> Result<ClientConnection, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(super::server::read_chain(&files.ca).unwrap());
    let mut provider = aws_lc_rs::default_provider();
    if let Some(order) = suites {
        provider.cipher_suites.retain(|suite| order.contains(&suite.suite()));
        provider.cipher_suites.sort_by_key(|suite| order.iter().position(|wanted| *wanted == suite.suite()));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(client_versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1").unwrap())?;
    let mut server = ServerConnection::new(server_config(&files.cert, &files.key, min).unwrap())?;
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(client)
}

#[test]
fn the_first_start_makes_everything_and_later_ones_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = local_certificate(dir.path(), at(0)).unwrap();
    assert_eq!((mode(&files.key), mode(&dir.path().join("ca.key"))), (0o600, 0o600));
    let first = (read(&files.ca), read(&files.cert), read(&files.key));
    for day in [0, 1, 59] {
        assert_eq!(local_certificate(dir.path(), at(day)).unwrap(), files);
        assert_eq!((read(&files.ca), read(&files.cert), read(&files.key)), first, "day {day}");
    }
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn less_than_twenty_days_left_means_a_new_certificate_of_the_same_authority() {
    let dir = tempfile::tempdir().unwrap();
    let files = local_certificate(dir.path(), at(0)).unwrap();
    let (ca, first) = (read(&files.ca), read(&files.cert));
    local_certificate(dir.path(), at(61)).unwrap();
    let second = read(&files.cert);
    assert_ne!(second, first);
    // Long after its end, and after a clock that was set back.
    local_certificate(dir.path(), at(10_000)).unwrap();
    let third = read(&files.cert);
    assert_ne!(third, second);
    local_certificate(dir.path(), at(1)).unwrap();
    assert_ne!(read(&files.cert), third);
    assert_eq!(read(&files.ca), ca);
}

#[test]
fn damaged_or_foreign_files_are_replaced() {
    let other = tempfile::tempdir().unwrap();
    let foreign = local_certificate(other.path(), at(0)).unwrap();
    for (name, content) in [
        ("server.pem", b"damaged".to_vec()),
        ("server.pem", read(&foreign.cert)),
        ("server.key", read(&foreign.key)),
        ("server.key", Vec::new()),
        ("ca.pem", read(&foreign.ca)),
        ("ca.key", b"damaged".to_vec()),
    ] {
        let dir = tempfile::tempdir().unwrap();
        local_certificate(dir.path(), at(0)).unwrap();
        fs::write(dir.path().join(name), content).unwrap();
        if name == "ca.key" {
            fs::remove_file(dir.path().join("server.pem")).unwrap();
        }
        let files = local_certificate(dir.path(), at(0)).unwrap();
        server_config(&files.cert, &files.key, TlsVersion::V1_2).unwrap();
        let settled = read(&files.cert);
        local_certificate(dir.path(), at(0)).unwrap();
        assert_eq!(read(&files.cert), settled, "{name}");
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let files = local_certificate(dir.path(), at(0)).unwrap();
    for open in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&files.key, Permissions::from_mode(open)).unwrap();
        let refused = server_config(&files.cert, &files.key, TlsVersion::V1_2).unwrap_err();
        assert!(matches!(refused, Error::OpenKey { mode, .. } if mode == open), "{refused}");
        assert!(local_certificate(dir.path(), at(0)).is_err());
    }
    fs::set_permissions(&files.key, Permissions::from_mode(0o400)).unwrap();
    server_config(&files.cert, &files.key, TlsVersion::V1_2).unwrap();
    let missing = server_config(&files.cert, &dir.path().join("missing"), TlsVersion::V1_2).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read "), "{missing}");
    let swapped = server_config(&files.cert, &dir.path().join("ca.key"), TlsVersion::V1_2).unwrap_err();
    assert!(matches!(swapped, Error::Unusable { .. }), "{swapped}");
}

#[test]
fn the_newest_version_with_aes_256_and_a_hybrid_group_is_agreed() {
    let dir = tempfile::tempdir().unwrap();
    let files = local_now(dir.path());
    let client = handshake(&files, TlsVersion::V1_2, &[&version::TLS13, &version::TLS12], None).unwrap();
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(client.negotiated_cipher_suite().unwrap().suite(), CipherSuite::TLS13_AES_256_GCM_SHA384);
    assert_eq!(client.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
    assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
}

#[test]
fn the_servers_order_of_ciphers_counts_and_the_oldest_version_is_a_setting() {
    let dir = tempfile::tempdir().unwrap();
    let files = local_now(dir.path());
    let backwards = vec![
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ];
    let client = handshake(&files, TlsVersion::V1_2, &[&version::TLS12], Some(backwards.clone())).unwrap();
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    let agreed = client.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(agreed, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384);
    assert!(handshake(&files, TlsVersion::V1_3, &[&version::TLS12], Some(backwards)).is_err());
    handshake(&files, TlsVersion::V1_3, &[&version::TLS13], None).unwrap();
}
