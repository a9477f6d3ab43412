//! Mail against real relays: aiosmtpd, and listeners that break the protocol on purpose.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use channels::{Letter, Login, Post, Sender, SmtpSettings, SmtpTransport, TlsMode, Transport, TransportError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tenancy::OutboxId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "relay-password";

/// The Python that has aiosmtpd: named by `AIOSMTPD_PYTHON`, or where `./test` installs it.
fn python() -> PathBuf {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.judges/smtp/bin/python");
    let python = std::env::var_os("AIOSMTPD_PYTHON").map_or(usual, PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: these tests need a Python with aiosmtpd. Run ./test, which installs it, or name one in \
         AIOSMTPD_PYTHON.",
        python.display()
    );
    python
}

/// An authority and a certificate of it, as files.
struct Paper {
    folder: tempfile::TempDir,
}

impl Paper {
    fn for_name(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder }
    }
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A running relay; ended by its own id when dropped.
struct Relay {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Relay {
    fn start(mode: &str, paper: &Paper) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/smtp.py"))
            .arg(mode)
            .arg(folder.path())
            .args([paper.file("cert.pem"), paper.file("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("the relay says its port; its own error stands above");
        Self { child, port, folder }
    }
    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }
    fn commands(&self) -> Vec<String> {
        self.read("commands.txt").unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

fn sender() -> Sender {
    Sender::new("Countersign <no-reply@countersign.test>").unwrap()
}

fn settings(port: u16, tls: TlsMode, ca_file: Option<PathBuf>) -> SmtpSettings {
    let login = Some(Login { user: "relay-user".to_owned(), password: PASSWORD.to_owned() });
    SmtpSettings { host: "localhost".to_owned(), port, tls, ca_file, login }
}

fn transport(settings: &SmtpSettings) -> Transport {
    Transport::Smtp(SmtpTransport::new(settings, &sender()).unwrap())
}

fn post(to: &str) -> Post {
    let letter = Letter::new(to, "Bitte entscheiden: Stühle", "Guten Morgen.\n.\nGrüße\n", "0199").unwrap();
    Post::new(&letter, &sender(), OutboxId::random(), "2026-11-22T02:30:00Z".parse().unwrap()).unwrap()
}

async fn refusal(settings: &SmtpSettings) -> TransportError {
    transport(settings).send(&[post("ann@example.test")]).await.unwrap_err()
}

#[tokio::test]
async fn a_letter_arrives_over_starttls_with_a_login() {
    let paper = Paper::for_name("localhost");
    let relay = Relay::start("starttls", &paper);
    let posts = [post("ann@example.test"), post("ben@example.test")];
    let transport = transport(&settings(relay.port, TlsMode::StartTls, Some(paper.file("ca.pem"))));
    transport.send(&posts).await.unwrap();
    let facts = "tls login countersign.test no-reply@countersign.test";
    assert_eq!(relay.read("1.txt").unwrap(), format!("{facts} ann@example.test"));
    assert_eq!(relay.read("2.txt").unwrap(), format!("{facts} ben@example.test"));
    assert_eq!(fs::read(relay.folder.path().join("1.eml")).unwrap(), posts[0].bytes(), "byte for byte");
    assert_eq!(relay.commands(), ["EHLO", "EHLO", "AUTH", "MAIL", "MAIL"], "one connection for both");
}

#[tokio::test]
async fn a_letter_arrives_over_implicit_tls() {
    let paper = Paper::for_name("localhost");
    let relay = Relay::start("implicit", &paper);
    let posts = [post("ann@example.test")];
    transport(&settings(relay.port, TlsMode::Implicit, Some(paper.file("ca.pem")))).send(&posts).await.unwrap();
    assert_eq!(fs::read(relay.folder.path().join("1.eml")).unwrap(), posts[0].bytes());
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (paper, other) = (Paper::for_name("localhost"), Paper::for_name("localhost"));
    for (word, tls) in [("starttls", TlsMode::StartTls), ("implicit", TlsMode::Implicit)] {
        let relay = Relay::start(word, &paper);
        let strange = refusal(&settings(relay.port, tls, Some(other.file("ca.pem")))).await;
        assert!(matches!(strange, TransportError::Tls), "{word}: {strange:?}");
        let machine = refusal(&settings(relay.port, tls, None)).await;
        assert!(matches!(machine, TransportError::Tls), "{word}: {machine:?}");
        assert!(relay.commands().iter().all(|command| command == "EHLO"), "{word}: {:?}", relay.commands());
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let paper = Paper::for_name("elsewhere.test");
    for (word, tls) in [("starttls", TlsMode::StartTls), ("implicit", TlsMode::Implicit)] {
        let relay = Relay::start(word, &paper);
        let error = refusal(&settings(relay.port, tls, Some(paper.file("ca.pem")))).await;
        assert!(matches!(error, TransportError::Tls), "{word}: {error:?}");
        assert!(relay.commands().iter().all(|command| command == "EHLO"), "{word}: {:?}", relay.commands());
    }
}

#[tokio::test]
async fn a_relay_without_starttls_gets_nothing() {
    let paper = Paper::for_name("localhost");
    let relay = Relay::start("none", &paper);
    let error = refusal(&settings(relay.port, TlsMode::StartTls, Some(paper.file("ca.pem")))).await;
    assert!(matches!(error, TransportError::NoTls), "{error:?}");
    assert_eq!(relay.commands(), ["EHLO"]);
    let error = refusal(&settings(relay.port, TlsMode::Implicit, Some(paper.file("ca.pem")))).await;
    assert!(matches!(error, TransportError::Tls), "{error:?}");
    assert_eq!(relay.commands(), ["EHLO"]);
}

#[tokio::test]
async fn a_refused_login_and_refused_readers_have_their_codes() {
    let paper = Paper::for_name("localhost");
    let relay = Relay::start("starttls", &paper);
    let mut settings = settings(relay.port, TlsMode::StartTls, Some(paper.file("ca.pem")));
    for (to, code) in [("full@example.test", "mail_deferred"), ("unknown@example.test", "mail_refused")] {
        let error = transport(&settings).send(&[post(to)]).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!format!("{error} {error:?}").contains("mailbox"), "the relay's words go no further: {error:?}");
    }
    settings.login = Some(Login { user: "relay-user".to_owned(), password: "wrong".to_owned() });
    assert_eq!(refusal(&settings).await.code(), "mail_login");
    settings.login = None;
    assert_eq!(refusal(&settings).await.code(), "mail_refused");
    assert!(relay.read("1.eml").is_none());
}

#[tokio::test]
async fn nobody_at_the_port_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for tls in [TlsMode::StartTls, TlsMode::Implicit] {
        assert_eq!(refusal(&settings(port, tls, None)).await.code(), "mail_unreachable");
    }
}

/// A listener that answers the n-th thing it hears with the n-th answer, and hands back all it heard.
fn listener(answers: &'static [&'static str]) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        for answer in answers {
            if stream.write_all(answer.as_bytes()).is_err() {
                break;
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return heard,
                Ok(length) => heard.extend_from_slice(&buffer[..length]),
            }
        }
        heard
    });
    (port, heard)
}

/// A relay of the right name whose STARTTLS brings `tail` in the same segment; then it does TLS and only listens. Hands
/// back what it heard in TLS.
async fn tainted(paper: &Paper, tail: &'static str) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let certificate = CertificateDer::from_pem_file(paper.file("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(paper.file("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 256];
        let starttls = format!("220 go\r\n{tail}");
        for answer in ["220 relay.test\r\n", "250-relay.test\r\n250 STARTTLS\r\n", &starttls] {
            tcp.write_all(answer.as_bytes()).await.unwrap();
            if answer.starts_with("220 go") {
                break;
            }
            assert_ne!(tcp.read(&mut buffer).await.unwrap(), 0);
        }
        let mut heard = Vec::new();
        if let Ok(mut tls) = TlsAcceptor::from(Arc::new(config)).accept(tcp).await {
            let ended = tls.read_to_end(&mut heard).await;
            assert!(ended.is_ok() || !heard.is_empty(), "{ended:?}");
        }
        heard
    });
    (port, heard)
}

#[tokio::test]
async fn answers_put_behind_starttls_are_never_believed() {
    // Somebody on the way adds the answers of a whole session to the answer to STARTTLS and passes all else on. A client
    // that read ahead would take them for the relay's and believe that the letter was taken.
    let tail = "250-relay.test\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n221 bye\r\n";
    let paper = Paper::for_name("localhost");
    let (port, heard) = tainted(&paper, tail).await;
    let error = refusal(&settings(port, TlsMode::StartTls, Some(paper.file("ca.pem")))).await;
    assert!(matches!(error, TransportError::Tls), "{error:?}");
    assert!(heard.await.unwrap().is_empty(), "nothing was said");
}

#[tokio::test]
async fn without_such_answers_the_same_relay_is_greeted() {
    let paper = Paper::for_name("localhost");
    let (port, heard) = tainted(&paper, "").await;
    let error = refusal(&settings(port, TlsMode::StartTls, Some(paper.file("ca.pem")))).await;
    assert!(matches!(error, TransportError::TooSlow), "it waits for an answer that never comes: {error:?}");
    assert_eq!(heard.await.unwrap(), b"EHLO countersign.test\r\n");
}

#[tokio::test]
async fn a_stripped_capability_gets_no_password() {
    let (port, heard) =
        listener(&["220 relay.test\r\n", "250-relay.test\r\n250 AUTH PLAIN LOGIN\r\n", "221 bye\r\n", "250 ok\r\n"]);
    let error = refusal(&settings(port, TlsMode::StartTls, None)).await;
    assert!(matches!(error, TransportError::NoTls), "{error:?}");
    assert_eq!(heard.join().unwrap(), b"EHLO countersign.test\r\nQUIT\r\n");
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_left_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let begun = tokio::time::Instant::now();
    let error = refusal(&settings(port, TlsMode::StartTls, None)).await;
    assert!(matches!(error, TransportError::TooSlow), "{error:?}");
    let took = begun.elapsed();
    assert!(took >= channels::SEND_MAX && took < channels::SEND_MAX + std::time::Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_file_of_authorities_that_holds_none_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let torn = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (content, code) in [("", "mail_settings"), ("hello", "mail_settings"), (torn, "mail_settings")] {
        fs::write(&path, content).unwrap();
        let error = SmtpTransport::new(&settings(25, TlsMode::StartTls, Some(path.clone())), &sender()).unwrap_err();
        assert_eq!(error.code(), code, "{content}");
    }
    fs::write(&path, "x".repeat(1024 * 1024 + 1)).unwrap();
    let error = SmtpTransport::new(&settings(25, TlsMode::StartTls, Some(path.clone())), &sender()).unwrap_err();
    assert!(error.to_string().contains("1 MiB"), "{error}");
    fs::remove_file(&path).unwrap();
    let error = SmtpTransport::new(&settings(25, TlsMode::StartTls, Some(path)), &sender()).unwrap_err();
    assert_eq!(error.code(), "mail_file");
}

#[test]
fn neither_login_nor_settings_print_the_password() {
    let settings = settings(587, TlsMode::StartTls, None);
    assert!(!format!("{settings:?}").contains(PASSWORD));
    let transport = SmtpTransport::new(&settings, &sender()).unwrap();
    assert!(!format!("{transport:?}").contains(PASSWORD));
}
