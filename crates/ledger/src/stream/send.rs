//! Sending: one batch to one receiver, within its time, to addresses that were looked at.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tenancy::StreamId;

use super::address::{self, Inside, Private};
use super::batch::{self, About, Payload};
use super::settings::{Receiver, Settings};
use super::{Format, object_store, syslog, webhook};

/// Longest that sending a batch takes, whatever the receiver does.
const SEND_MAX: Duration = Duration::from_secs(12);
const _: () = assert!(SEND_MAX.as_secs() * 2 < tenancy::streaming::LOCK_S as u64);
/// Longest until a connection stands.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait that a receiver may ask for.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Most bytes of an answer that are read, and most characters that are shown.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
const ANSWER_CHARS_MAX: usize = 300;

/// What a receiver answered to what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// In words: `HTTP 200`.
    pub what: String,
    /// The beginning of its text. Only of receivers outside: what stands inside is not shown through us.
    pub text: String,
}

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Later, and not before this long has passed.
    ForNow(SignedDuration),
    /// Not with this batch: somebody has to decide.
    ForGood,
    /// Not as it is set up.
    Setup,
}

/// Why a batch did not arrive, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The settings do not read.
    #[error("the settings do not read")]
    Settings,
    /// Where it goes is no place to go to.
    #[error(transparent)]
    Inside(#[from] Inside),
    /// No connection.
    #[error("the receiver cannot be reached")]
    Unreachable,
    /// Its certificate is not trusted, or TLS failed otherwise.
    #[error("the receiver's certificate is not trusted, or TLS failed otherwise")]
    Tls,
    /// It took too long.
    #[error("the receiver did not answer in time")]
    TooSlow,
    /// The connection broke.
    #[error("the receiver broke off")]
    BrokenOff,
    /// It answered with another status than 2xx.
    #[error("the receiver answered HTTP {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long it asks us to wait.
        retry_after: Option<SignedDuration>,
    },
}

impl SendError {
    /// The code that a stream keeps.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Settings => "settings".to_owned(),
            Self::Inside(Inside::Refused) => "address_inside".to_owned(),
            Self::Inside(Inside::Unresolved) => "unresolved".to_owned(),
            Self::Unreachable => "unreachable".to_owned(),
            Self::Tls => "tls".to_owned(),
            Self::TooSlow => "too_slow".to_owned(),
            Self::BrokenOff => "broken_off".to_owned(),
            Self::Status { status, .. } => format!("http_{status}"),
        }
    }

    /// What to make of it. A redirect is a refusal: it is not followed. 408, 425 and 429 say "later" themselves.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Settings | Self::Inside(Inside::Refused) => Refusal::Setup,
            Self::Status { status: 408 | 425 | 429 | 500..=599, retry_after } => {
                Refusal::ForNow(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
            }
            Self::Status { .. } => Refusal::ForGood,
            _ => Refusal::ForNow(SignedDuration::ZERO),
        }
    }
}

/// A receiver to send to.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Its settings.
    pub settings: &'a Settings,
    /// Whether it may be one inside.
    pub private: Private,
    /// Now.
    pub at: Timestamp,
}

impl Outgoing<'_> {
    /// Sends once, within [`SEND_MAX`].
    ///
    /// # Errors
    /// [`SendError`]; it may have arrived nevertheless.
    pub async fn send(&self, payload: &Payload) -> Result<Answered, SendError> {
        let sending = async {
            match &self.settings.receiver {
                Receiver::Webhook(webhook) => self.http(webhook::request(webhook, payload, self.at)?).await,
                Receiver::ObjectStore(store) => self.http(object_store::request(store, payload, self.at)?).await,
                Receiver::Syslog(to) => {
                    let addresses = address::resolve(&to.host, to.port, self.private).await?;
                    syslog::send(&to.host, &addresses, self.tls()?, payload).await
                }
            }
        };
        tokio::time::timeout(SEND_MAX, sending).await.map_err(|_| SendError::TooSlow)?
    }

    async fn http(&self, asked: Asked) -> Result<Answered, SendError> {
        let host = asked.url.host_str().ok_or(SendError::Settings)?;
        let port = asked.url.port_or_known_default().ok_or(SendError::Settings)?;
        let addresses = address::resolve(host, port, self.private).await?;
        let shows = self.private == Private::Refused;
        let client = reqwest::Client::builder()
            .no_proxy()
            .https_only(true)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .resolve_to_addrs(host, &addresses)
            .connect_timeout(CONNECT_MAX)
            .timeout(SEND_MAX)
            .tls_backend_preconfigured(self.tls()?)
            .build()
            .map_err(|_| SendError::Settings)?;
        let mut request = client.request(asked.method, asked.url).body(asked.body);
        for (name, value) in asked.headers {
            request = request.header(name, value);
        }
        let mut answer = request.send().await.map_err(|error| sort(&error))?;
        let status = answer.status();
        if !status.is_success() {
            let after = answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = after.and_then(|text| text.parse().ok()).map(SignedDuration::from_secs);
            return Err(SendError::Status { status: status.as_u16(), retry_after });
        }
        let mut bytes = Vec::new();
        while shows && bytes.len() < ANSWER_BYTES_MAX {
            // It has taken the batch: how its text ends is no matter.
            let Ok(Some(chunk)) = answer.chunk().await else { break };
            bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - bytes.len())]);
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.chars().filter(|c| !c.is_control()).take(ANSWER_CHARS_MAX).collect();
        Ok(Answered { what: format!("HTTP {}", status.as_u16()), text })
    }

    /// TLS 1.2 or 1.3 with a verified certificate; there is no lesser kind.
    fn tls(&self) -> Result<ClientConfig, SendError> {
        let Some(roots) = self.settings.authorities().map_err(|_| SendError::Settings)? else {
            return ClientConfig::with_platform_verifier().map_err(|_| SendError::Tls);
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(versions.map_err(|_| SendError::Tls)?.with_root_certificates(roots).with_no_client_auth())
    }
}

/// What is asked of a receiver that speaks HTTP.
pub(super) struct Asked {
    pub(super) method: reqwest::Method,
    pub(super) url: reqwest::Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Sorts the client's error into a situation; its text, which names the receiver, goes no further.
fn sort(error: &reqwest::Error) -> SendError {
    if failed_in_tls(error) {
        return SendError::Tls;
    }
    match (error.is_timeout(), error.is_connect()) {
        (true, _) => SendError::TooSlow,
        (_, true) => SendError::Unreachable,
        _ => SendError::BrokenOff,
    }
}

/// Whether TLS is among an error's causes; one wrapped in another of the same kind is not named as its cause.
fn failed_in_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| failed_in_tls(inner))
        || error.source().is_some_and(failed_in_tls)
}

/// Sends a test event, which is no leaf of any log.
///
/// # Errors
/// [`SendError`].
pub async fn send_test(
    to: &Outgoing<'_>,
    format: Format,
    stream: StreamId,
    about: (&str, tenancy::WorkspaceId),
) -> Result<Answered, SendError> {
    let about = About { origin: about.0, workspace: about.1 };
    to.send(&batch::test_payload(format, stream, &about, to.at)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_receiver_says_is_sorted() {
        let said = |status| SendError::Status { status, retry_after: None }.refusal();
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(said(status), Refusal::ForNow(SignedDuration::ZERO), "{status}");
        }
        for status in [301, 302, 307, 400, 401, 403, 404, 410, 413, 422] {
            assert_eq!(said(status), Refusal::ForGood, "{status}");
        }
        for (asked_s, waited_s) in [(0, 0), (7, 7), (3_600, 3_600), (3_601, 3_600), (i64::MAX, 3_600)] {
            let retry_after = Some(SignedDuration::from_secs(asked_s));
            let refusal = SendError::Status { status: 429, retry_after }.refusal();
            assert_eq!(refusal, Refusal::ForNow(SignedDuration::from_secs(waited_s)));
        }
        assert_eq!(SendError::Inside(Inside::Refused).refusal(), Refusal::Setup);
        assert_eq!(SendError::Inside(Inside::Unresolved).refusal(), Refusal::ForNow(SignedDuration::ZERO));
    }
}
