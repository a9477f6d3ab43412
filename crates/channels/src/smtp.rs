//! Mail to a relay: verified TLS or nothing.

use std::error::Error as _;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::{ClientId, Extension};
use tokio::net::TcpStream;

use crate::letter::{Post, Sender};
use crate::transport::{SEND_MAX, TransportError};
use crate::wire::Wire;

/// Most bytes of a file of certificate authorities.
const CA_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How TLS begins. There is no third way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// With a STARTTLS that the relay must offer (RFC 3207), as on port 587.
    StartTls,
    /// With the first byte (RFC 8314), as on port 465.
    Implicit,
}

/// A login at the relay. It is sent after the TLS handshake only.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

/// What is configured about the relay.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The relay's name; its certificate must be for it.
    pub host: String,
    /// The relay's port.
    pub port: u16,
    /// How TLS begins.
    pub tls: TlsMode,
    /// PEM file of the only authorities to trust; without it the machine's own count.
    pub ca_file: Option<PathBuf>,
    /// The login, where the relay wants one.
    pub login: Option<Login>,
}

/// Hands letters to a relay, a connection an effect.
#[derive(Clone)]
pub struct SmtpTransport {
    host: String,
    port: u16,
    mode: TlsMode,
    tls: TlsParameters,
    login: Option<Credentials>,
    hello: ClientId,
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpTransport({}:{}, {:?})", self.host, self.port, self.mode)
    }
}

impl SmtpTransport {
    /// Reads the authorities to trust. Nothing is sent yet.
    ///
    /// # Errors
    /// [`TransportError::File`] and [`TransportError::Settings`] for a file of authorities that holds none.
    pub fn new(settings: &SmtpSettings, sender: &Sender) -> Result<Self, TransportError> {
        let mut tls = TlsParametersBuilder::new(settings.host.clone());
        if let Some(path) = &settings.ca_file {
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authorities(path)?);
        }
        let tls = tls.build().map_err(|_| TransportError::Settings("the file of authorities holds what is none"))?;
        let login = settings.login.as_ref();
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            mode: settings.tls,
            tls,
            login: login.map(|login| Credentials::new(login.user.clone(), login.password.clone())),
            hello: ClientId::Domain(sender.host().to_owned()),
        })
    }

    pub(crate) async fn send(&self, posts: &[Post]) -> Result<(), TransportError> {
        let mut relay = match self.mode {
            TlsMode::StartTls => self.connect_and_upgrade().await?,
            TlsMode::Implicit => self.connect().await?,
        };
        if !relay.is_encrypted() {
            return Err(TransportError::NoTls);
        }
        if let Some(login) = &self.login {
            relay.auth(DEFAULT_MECHANISMS, login).await.map_err(|error| match sort(&error) {
                TransportError::Refused(_) | TransportError::Protocol => TransportError::Login,
                other => other,
            })?;
        }
        for post in posts {
            let bytes = post.bytes();
            // The client ends the last line itself, together with the mark of the end.
            let lines = bytes.strip_suffix(b"\r\n").unwrap_or(&bytes);
            relay.send(post.message.envelope(), lines).await.map_err(|error| sort(&error))?;
        }
        // The relay has taken the letters: a farewell that fails must not bring them back.
        if relay.quit().await.is_err() {
            tracing::debug!("the relay ended the connection without a farewell");
        }
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, TransportError> {
        let tls = Some(self.tls.clone());
        AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), Some(SEND_MAX), &self.hello, tls, None)
            .await
            .map_err(|error| sort(&error))
    }

    async fn connect_and_upgrade(&self) -> Result<AsyncSmtpConnection, TransportError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| TransportError::Unreachable)?;
        let mut relay = AsyncSmtpConnection::connect_with_transport(Box::new(Wire::new(tcp)), &self.hello)
            .await
            .map_err(|error| sort(&error))?;
        if !relay.server_info().supports_feature(Extension::StartTls) {
            relay.abort().await;
            return Err(TransportError::NoTls);
        }
        relay.starttls(self.tls.clone(), &self.hello).await.map_err(|error| match sort(&error) {
            TransportError::Deferred(code) => TransportError::Deferred(code),
            _ => TransportError::Tls,
        })?;
        Ok(relay)
    }
}

fn authorities(path: &Path) -> Result<Certificate, TransportError> {
    let mut pem = Vec::new();
    std::fs::File::open(path)?.take(CA_FILE_BYTES_MAX + 1).read_to_end(&mut pem)?;
    if pem.len() as u64 > CA_FILE_BYTES_MAX {
        return Err(TransportError::Settings("the file of authorities is over 1 MiB"));
    }
    let mark = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(mark.len()).any(|window| window == mark) {
        return Err(TransportError::Settings("the file of authorities holds no certificate"));
    }
    Certificate::from_pem(&pem).map_err(|_| TransportError::Settings("the file of authorities holds what is none"))
}

/// Sorts the client's error into a situation; its text, which quotes the relay, goes no further.
fn sort(error: &smtp::Error) -> TransportError {
    if let Some(code) = error.status() {
        // Three digits, each of one type a place.
        let code = code.to_string().parse().unwrap_or(0);
        return if error.is_transient() { TransportError::Deferred(code) } else { TransportError::Refused(code) };
    }
    if error.is_tls() || failed_in_tls(error) {
        return TransportError::Tls;
    }
    if error.is_response() || error.is_client() { TransportError::Protocol } else { TransportError::Unreachable }
}

fn failed_in_tls(error: &smtp::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        source = error.source();
    }
    false
}
