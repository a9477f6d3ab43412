//! Greetings of TLS made by hand, for versions and suites that no client of ours can offer any more, and the first
//! bytes of the answer. RFC 5246 sections 6.2.1 and 7.4.1.2; RFC 8446 section 4.1.2.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::probe::ProbeError;

/// SSL 3.0.
pub(crate) const SSL_3_0: u16 = 0x0300;
/// TLS 1.0.
pub(crate) const TLS_1_0: u16 = 0x0301;
/// TLS 1.1.
pub(crate) const TLS_1_1: u16 = 0x0302;
/// TLS 1.2.
pub(crate) const TLS_1_2: u16 = 0x0303;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The first thing that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A handshake record with a ServerHello: the greeting was taken.
    Hello,
    /// An alert, or the connection was closed: the greeting was refused.
    Refused,
    /// Anything else, among it silence.
    Other,
}

/// A ClientHello that offers one version and these suites, and nothing newer.
pub(crate) fn client_hello(version: u16, suites: &[u16], random: &[u8; 32]) -> Vec<u8> {
    let mut body = Vec::with_capacity(160);
    body.extend_from_slice(&version.to_be_bytes());
    body.extend_from_slice(random);
    body.push(0); // no session to resume
    block16(&mut body, |list| suites.iter().for_each(|suite| list.extend_from_slice(&suite.to_be_bytes())));
    body.extend_from_slice(&[1, 0]); // no compression
    if version >= TLS_1_0 {
        block16(&mut body, |extensions| extend(extensions, version));
    }
    let mut message = vec![1, 0];
    block16(&mut message, |inner| inner.extend_from_slice(&body));
    let record_version = version.min(TLS_1_0);
    let mut record = vec![0x16];
    record.extend_from_slice(&record_version.to_be_bytes());
    block16(&mut record, |inner| inner.extend_from_slice(&message));
    record
}

fn extend(extensions: &mut Vec<u8>, version: u16) {
    extension(extensions, 0xff01, &[0]); // renegotiation_info, RFC 5746
    extension(extensions, 0x0017, &[]); // extended_master_secret, RFC 7627
    extension(extensions, 0x000b, &[1, 0]); // ec_point_formats: uncompressed
    extension(extensions, 0x000a, &[0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]); // X25519, P-256, P-384
    if version >= TLS_1_2 {
        // ECDSA and RSA with SHA-256, SHA-384 and SHA-512, PKCS#1 and PSS.
        let schemes = [0x0403_u16, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
        let mut content = Vec::with_capacity(2 + 2 * schemes.len());
        block16(&mut content, |list| schemes.iter().for_each(|scheme| list.extend_from_slice(&scheme.to_be_bytes())));
        extension(extensions, 0x000d, &content);
    }
}

fn extension(out: &mut Vec<u8>, number: u16, content: &[u8]) {
    out.extend_from_slice(&number.to_be_bytes());
    block16(out, |inner| inner.extend_from_slice(content));
}

/// Appends what `fill` writes behind its length in two bytes.
fn block16(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    fill(&mut inner);
    let length = u16::try_from(inner.len()).expect("a greeting of ours is shorter than 64 KiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.append(&mut inner);
}

/// Reads the first bytes of an answer: content type 22 and handshake type 2 is a ServerHello, 21 an alert.
pub(crate) fn reply_of(first: &[u8]) -> Reply {
    match first {
        [] | [0x15, ..] => Reply::Refused,
        [0x16, _, _, _, _, 2, ..] => Reply::Hello,
        _ => Reply::Other,
    }
}

/// Sends a greeting and reads the beginning of the answer.
pub(crate) async fn greet(address: SocketAddr, greeting: &[u8]) -> Result<Reply, ProbeError> {
    first_bytes(address, greeting).await.map(|bytes| bytes.map_or(Reply::Other, |bytes| reply_of(&bytes)))
}

/// The first bytes that come back, at most 16; nothing within the time is `None`, a closed connection is empty.
pub(crate) async fn first_bytes(address: SocketAddr, sent: &[u8]) -> Result<Option<Vec<u8>>, ProbeError> {
    let connect = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
    let mut stream = connect.map_err(|_| ProbeError::Listener)?.map_err(|_| ProbeError::Listener)?;
    if stream.write_all(sent).await.is_err() {
        return Ok(Some(Vec::new()));
    }
    let mut bytes = Vec::with_capacity(16);
    let read = async {
        while bytes.len() < 6 {
            let mut part = [0; 16];
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&part[..count]),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(()) => Ok(Some(bytes)),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_a_greeting_fit_each_other() {
        for version in [SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2] {
            let hello = client_hello(version, &[0xc02b, 0x002f], &[7; 32]);
            let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
            assert_eq!(hello.len(), 5 + record);
            assert_eq!(hello[5], 1, "a ClientHello");
            let message = usize::from(hello[6]) << 16 | usize::from(hello[7]) << 8 | usize::from(hello[8]);
            assert_eq!(record, 4 + message);
            assert_eq!(u16::from_be_bytes([hello[9], hello[10]]), version);
            assert_eq!(&hello[11..43], &[7; 32]);
            assert_eq!(&hello[43..50], &[0, 0, 4, 0xc0, 0x2b, 0, 0x2f]);
        }
    }

    #[test]
    fn the_record_of_a_greeting_never_names_more_than_tls_1_0() {
        assert_eq!(client_hello(TLS_1_2, &[0xc02b], &[0; 32])[1..3], [3, 1]);
        assert_eq!(client_hello(SSL_3_0, &[0x002f], &[0; 32])[1..3], [3, 0]);
    }

    #[test]
    fn an_old_greeting_has_no_extensions() {
        let hello = client_hello(SSL_3_0, &[0x002f], &[0; 32]);
        assert_eq!(hello[hello.len() - 2..], [1, 0]);
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(reply_of(&[0x15, 3, 3, 0, 2, 2, 70]), Reply::Refused);
        assert_eq!(reply_of(&[]), Reply::Refused);
        assert_eq!(reply_of(&[0x16, 3, 3, 0, 90, 2, 0]), Reply::Hello);
        assert_eq!(reply_of(b"HTTP/1.1 400"), Reply::Other);
    }

    #[tokio::test]
    async fn rustls_takes_the_good_greeting_and_refuses_the_old_ones() {
        // The same stack that serves: a greeting that it takes shows that the refused ones are refused for their content.
        let mut acceptor = rustls::server::Acceptor::default();
        let hello = client_hello(TLS_1_2, &[0xc02b], &[1; 32]);
        acceptor.read_tls(&mut hello.as_slice()).unwrap();
        assert!(acceptor.accept().unwrap_or_else(|_| panic!("the greeting is well-formed")).is_some());
    }
}
