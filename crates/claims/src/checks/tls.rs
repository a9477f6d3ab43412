//! Versions and suites of the public TLS listener.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedCipherSuite, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Found, Tally};
use crate::hello::{self, Reply, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2};
use crate::probe::{PlainException, ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// Suites that may be negotiated, by their IANA numbers: ephemeral elliptic curves and authenticated encryption.
const ALLOWED: &[u16] = &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8];
/// Of them, those of TLS 1.2: with an ECDSA certificate and with an RSA one.
const ALLOWED_1_2: &[u16] = &[0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8];

/// Suites that must be refused, by their IANA numbers.
const WEAK: &[(&str, u16)] = &[
    ("RSA key exchange, RC4", 0x0005),
    ("RSA key exchange, 3DES", 0x000a),
    ("RSA key exchange, AES-128 CBC", 0x002f),
    ("RSA key exchange, AES-256 CBC", 0x0035),
    ("RSA key exchange, AES-128 CBC SHA-256", 0x003c),
    ("RSA key exchange, AES-128 GCM", 0x009c),
    ("RSA key exchange, AES-256 GCM", 0x009d),
    ("DHE, 3DES", 0x0016),
    ("DHE, AES-128 CBC", 0x0033),
    ("DHE, AES-128 GCM", 0x009e),
    ("ECDHE RSA, RC4", 0xc011),
    ("ECDHE RSA, 3DES", 0xc012),
    ("ECDHE RSA, AES-128 CBC", 0xc013),
    ("ECDHE RSA, AES-256 CBC", 0xc014),
    ("ECDHE RSA, AES-128 CBC SHA-256", 0xc027),
    ("ECDHE ECDSA, 3DES", 0xc008),
    ("ECDHE ECDSA, AES-128 CBC", 0xc009),
    ("ECDHE ECDSA, AES-256 CBC", 0xc00a),
    ("ECDHE ECDSA, AES-128 CBC SHA-256", 0xc023),
    ("anonymous DH, AES-128 CBC", 0x0034),
    ("no encryption", 0x0001),
];

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn versions(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let mut tally = Tally::default();
    for (name, version) in [("SSL 3.0", SSL_3_0), ("TLS 1.0", TLS_1_0), ("TLS 1.1", TLS_1_1)] {
        // The switch stands for a listener that still takes the old greeting.
        let offered = if crate::faults::on("tls-old-hello") { TLS_1_2 } else { version };
        let greeting = hello::client_hello(offered, &greeting_suites(), &seal::random());
        let reply = hello::greet(cx.https_addr, &greeting).await?;
        tally.count(format!("{name} refused"), Found::right_if(reply == Reply::Refused));
    }
    for (name, version, expected) in [
        ("TLS 1.2 spoken", &rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        ("TLS 1.3 spoken", &rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let spoken = handshake(cx, version).await?.map(|(version, _)| version);
        tally.count(name, Found::right_if(spoken == Some(expected)));
    }
    let plain =
        hello::first_bytes(cx.https_addr, b"POST / HTTP/1.1\r\nHost: probe\r\nContent-Length: 2\r\n\r\n{}").await?;
    let content = plain.is_some_and(|bytes| bytes.starts_with(b"HTTP/") && !bytes.starts_with(b"HTTP/1.1 4"));
    tally.count("plain HTTP gets no content", Found::right_if(!content));
    if let Some(address) = cx.plain_addr {
        let excused = address.ip().is_loopback() || cx.plain_exception == PlainException::BehindStatedProxy;
        tally.count(
            "the plain listener is bound to this machine or stands behind a stated proxy",
            Found::right_if(excused),
        );
    }
    Ok(tally.outcome("versions and plain requests answered as they must be"))
}

pub(super) async fn suites(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let mut tally = Tally::default();
    // If the same hand-made greeting with good suites were refused, refusals of weak ones would prove nothing.
    let control = hello::client_hello(TLS_1_2, ALLOWED_1_2, &seal::random());
    let taken = hello::greet(cx.https_addr, &control).await?;
    tally.count("a good greeting taken", Found::right_if(taken == Reply::Hello));
    for (name, suite) in WEAK {
        // The switch stands for a listener that takes the weak suite.
        let offered: &[u16] = if crate::faults::on("tls-weak-suite") { ALLOWED_1_2 } else { &[*suite] };
        let reply = hello::greet(cx.https_addr, &hello::client_hello(TLS_1_2, offered, &seal::random())).await?;
        tally.count(format!("{name} refused"), Found::right_if(reply == Reply::Refused));
    }
    for (name, version) in
        [("TLS 1.2 suite in the list", &rustls::version::TLS12), ("TLS 1.3 suite in the list", &rustls::version::TLS13)]
    {
        let suite = handshake(cx, version).await?.map(|(_, suite)| u16::from(suite.suite()));
        tally.count(name, Found::right_if(suite.is_some_and(|suite| ALLOWED.contains(&suite))));
    }
    Ok(tally.outcome("suites refused or accepted as they must be"))
}

/// What an old client would offer, and what a new one would: so that only the version is left to refuse.
fn greeting_suites() -> Vec<u16> {
    ALLOWED_1_2.iter().copied().chain([0xc00a, 0xc014, 0xc009, 0xc013, 0x0035, 0x002f, 0x000a]).collect()
}

/// A handshake in one version with our own stack, trusting our own authority alone; `None` when it is refused.
async fn handshake(
    cx: &ProbeCtx,
    version: &'static SupportedProtocolVersion,
) -> Result<Option<(ProtocolVersion, SupportedCipherSuite)>, ProbeError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(cx.ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|_| ProbeError::Unreadable("the certificate authority"))?;
        roots.add(certificate).map_err(|_| ProbeError::Unreadable("the certificate authority"))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .map_err(|_| ProbeError::Missing("this program speaks no such version"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host_of(&cx.https_base).to_owned())
        .map_err(|_| ProbeError::Unreadable("the public address"))?;
    let attempt = async {
        let stream = TcpStream::connect(cx.https_addr).await.ok()?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()
    };
    let stream = tokio::time::timeout(PATIENCE, attempt).await.map_err(|_| ProbeError::Listener)?;
    Ok(stream.and_then(|stream| {
        let (_, session) = stream.get_ref();
        Some((session.protocol_version()?, session.negotiated_cipher_suite()?))
    }))
}

/// The host in `https://host:port`, without the brackets of an IPv6 address.
fn host_of(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest);
    match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or(bracketed),
        None => rest.rsplit_once(':').map_or(rest, |(host, _)| host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_suite_is_both_weak_and_allowed() {
        assert!(WEAK.iter().all(|(_, suite)| !ALLOWED.contains(suite)));
        assert!(ALLOWED_1_2.iter().all(|suite| ALLOWED.contains(suite)));
    }

    #[test]
    fn the_host_is_cut_out_of_the_address() {
        assert_eq!(host_of("https://localhost:8443"), "localhost");
        assert_eq!(host_of("https://[::1]:8443"), "::1");
        assert_eq!(host_of("https://example.test"), "example.test");
        assert_eq!(host_of("https://example.test:1/x"), "example.test");
    }
}
