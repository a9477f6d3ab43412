//! How letters leave.

use std::time::Duration;

use crate::file_outbox::FileOutbox;
use crate::letter::Post;
use crate::smtp::SmtpTransport;

/// Longest that handing over the letters of one effect may take. The effect's row is locked meanwhile, and the database
/// ends a transaction that idles for 10 s.
pub const SEND_MAX: Duration = Duration::from_secs(8);
const _: () = assert!(SEND_MAX.as_secs() < 10);

/// Why letters could not be handed over; a closed list of situations, none with an address or content.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The settings do not make a transport.
    #[error("{0}")]
    Settings(&'static str),
    /// A file of the settings or of the file outbox could not be read or written.
    #[error("a file could not be read or written")]
    File(#[from] std::io::Error),
    /// The relay did not finish within [`SEND_MAX`].
    #[error("the relay did not finish in time")]
    TooSlow,
    /// No connection to the relay, or it broke.
    #[error("the relay cannot be reached")]
    Unreachable,
    /// The relay offers no STARTTLS, so nothing was sent.
    #[error("the relay offers no TLS")]
    NoTls,
    /// The relay's certificate is not trusted, or TLS failed otherwise; nothing was sent.
    #[error("the relay's certificate is not trusted, or TLS failed otherwise")]
    Tls,
    /// The relay refused the login, or offers none that we know.
    #[error("the relay refused the login")]
    Login,
    /// The relay refused for now (4xx).
    #[error("the relay refused for now, with code {0}")]
    Deferred(u16),
    /// The relay refused for good (5xx).
    #[error("the relay refused with code {0}")]
    Refused(u16),
    /// The relay answered what SMTP does not know.
    #[error("the relay does not speak SMTP")]
    Protocol,
}

impl TransportError {
    /// The code that the outbox row keeps.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Settings(_) => "mail_settings",
            Self::File(_) => "mail_file",
            Self::TooSlow => "mail_too_slow",
            Self::Unreachable => "mail_unreachable",
            Self::NoTls => "mail_no_tls",
            Self::Tls => "mail_tls",
            Self::Login => "mail_login",
            Self::Deferred(_) => "mail_deferred",
            Self::Refused(_) => "mail_refused",
            Self::Protocol => "mail_protocol",
        }
    }
}

/// How letters leave: one of these an installation.
#[derive(Debug, Clone)]
pub enum Transport {
    /// To a relay, by configuration.
    Smtp(SmtpTransport),
    /// Into a folder, for development.
    File(FileOutbox),
}

impl Transport {
    /// Hands over the letters of one effect, within [`SEND_MAX`]. After an error some may have left; delivering again
    /// is right, their ids stay the same.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send(&self, posts: &[Post]) -> Result<(), TransportError> {
        if posts.is_empty() {
            return Ok(());
        }
        let sending = async {
            match self {
                Self::Smtp(smtp) => smtp.send(posts).await,
                Self::File(outbox) => outbox.send(posts).await,
            }
        };
        tokio::time::timeout(SEND_MAX, sending).await.map_err(|_| TransportError::TooSlow)?
    }
}
