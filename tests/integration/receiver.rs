//! A receiver of streams, over TLS under an authority of its own: it answers as a script says, and keeps what it got.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::server::provider;

/// What the receiver does with one request; when the script has ended it takes everything.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// An HTTP status, with further headers.
    Status(u16, &'static str),
    /// It reads and never answers.
    Hang,
    /// It closes after the head of the request.
    CloseEarly,
    /// It reads everything, keeps it, and closes without an answer.
    TakeAndClose,
}

/// A request that was read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it was answered with 2xx.
    pub(crate) taken: bool,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        std::str::from_utf8(&self.body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A certificate for this machine, from an authority of its own.
pub(crate) struct Authority {
    pub(crate) ca_pem: String,
    pub(crate) cert_pem: String,
    pub(crate) key_pem: String,
    pub(crate) config: Arc<ServerConfig>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        provider();
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, "authority of a test");
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let cert = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![cert.der().clone()], der.into()).unwrap();
        Self { ca_pem, cert_pem: cert.pem(), key_pem: key.serialize_pem(), config: Arc::new(config) }
    }
}

/// A receiver that runs until the test ends.
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    pub(crate) ca_pem: String,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept {
    script: Mutex<VecDeque<Reply>>,
    got: Mutex<Vec<Got>>,
}

impl Receiver {
    pub(crate) async fn start(script: &[Reply]) -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        kept.script.lock().unwrap().extend(script.iter().cloned());
        let (acceptor, shared) = (TlsAcceptor::from(authority.config), Arc::clone(&kept));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move { one(&acceptor, stream, &kept).await });
            }
        });
        Self { at, ca_pem: authority.ca_pem, kept }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/in", self.at.port())
    }

    pub(crate) fn then(&self, replies: &[Reply]) {
        self.kept.script.lock().unwrap().extend(replies.iter().cloned());
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.kept.got.lock().unwrap().clone()
    }

    pub(crate) fn taken(&self) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.taken).collect()
    }

    /// Waits until something holds of what came.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&[Got]) -> bool) {
        let begun = Instant::now();
        while !holds(&self.got()) {
            assert!(begun.elapsed() < Duration::from_secs(40), "{what}: {} requests came", self.got().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn one(acceptor: &TlsAcceptor, stream: TcpStream, kept: &Kept) -> Option<()> {
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        more(&mut stream, &mut bytes).await?;
    };
    let reply = kept.script.lock().unwrap().pop_front().unwrap_or(Reply::Status(204, ""));
    if matches!(reply, Reply::CloseEarly) {
        return None;
    }
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines();
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    while bytes.len() < head + 4 + length {
        more(&mut stream, &mut bytes).await?;
    }
    let body = bytes[head + 4..].to_vec();
    let taken = matches!(reply, Reply::Status(200..=299, _));
    kept.got.lock().unwrap().push(Got { line, headers, body, taken });
    match reply {
        Reply::Hang => tokio::time::sleep(Duration::from_secs(120)).await,
        Reply::Status(status, further) => {
            let answer = format!("HTTP/1.1 {status} x\r\n{further}content-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.ok()?;
            stream.shutdown().await.ok()?;
        }
        Reply::CloseEarly | Reply::TakeAndClose => {}
    }
    Some(())
}

async fn more(stream: &mut TlsStream<TcpStream>, bytes: &mut Vec<u8>) -> Option<()> {
    let mut some = [0; 16 * 1024];
    let read = stream.read(&mut some).await.ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&some[..read]);
    Some(())
}
