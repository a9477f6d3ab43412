//! What a stream is set up with: where it goes and what it proves itself with there. Sealed as JSON.

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::address;

/// Most bytes of a URL.
const URL_BYTES_MAX: usize = 2_000;
/// Most bytes of authorities in PEM.
const CA_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a bucket's name, a region, a prefix or a key's id.
const TEXT_BYTES_MAX: usize = 200;
/// How long the secret before the present one still signs.
const SECRET_OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// What a webhook's secret begins with (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line a record as in an export, after a line of the batch.
    Native,
    /// A line an event of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// A message a record (RFC 5424).
    Rfc5424,
}

impl Format {
    /// Every format, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Native, Self::Ocsf, Self::Rfc5424];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Ocsf => "ocsf",
            Self::Rfc5424 => "rfc5424",
        }
    }

    /// The format of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }
}

/// Why settings are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

fn wrong(why: impl Into<String>) -> SettingsError {
    SettingsError(why.into())
}

/// A webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where batches are posted.
    pub url: String,
    /// 32 bytes in base64, behind `whsec_`.
    secret: Zeroizing<String>,
    /// The secret before, and until when it signs as well, in seconds since 1970.
    before: Option<(Zeroizing<String>, i64)>,
}

/// A bucket of an object store that speaks S3.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectStore {
    /// The store, without a path.
    pub(super) endpoint: String,
    pub(super) bucket: String,
    pub(super) region: String,
    /// What objects' keys begin with; empty, or with a slash at its end.
    pub(super) prefix: String,
    pub(super) access_key: String,
    pub(super) secret_key: Zeroizing<String>,
}

/// A receiver of syslog over TLS (RFC 5425).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Where a stream goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// See [`Webhook`].
    Webhook(Webhook),
    /// See [`ObjectStore`].
    ObjectStore(ObjectStore),
    /// See [`Syslog`].
    Syslog(Syslog),
}

impl Receiver {
    /// The stored word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::ObjectStore(_) => "object_store",
            Self::Syslog(_) => "syslog",
        }
    }
}

/// The settings of a stream.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it goes.
    pub receiver: Receiver,
    /// The only authorities that its certificate may come from, in PEM; without, those of the machine count.
    pub(super) ca_pem: Option<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings({})", self.receiver.word())
    }
}

/// Settings as somebody types them; what does not belong to the receiver is not read.
#[derive(Clone, Default)]
pub struct Draft<'a> {
    /// `webhook`, `object_store` or `syslog`.
    pub receiver: &'a str,
    /// URL of the webhook.
    pub url: &'a str,
    /// URL of the object store.
    pub endpoint: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// Its region.
    pub region: &'a str,
    /// What objects' keys begin with.
    pub prefix: &'a str,
    /// Id of the key for it.
    pub access_key: &'a str,
    /// The key for it.
    pub secret_key: &'a str,
    /// Host of the syslog receiver.
    pub host: &'a str,
    /// Its port.
    pub port: &'a str,
    /// Authorities in PEM, or nothing.
    pub ca_pem: &'a str,
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({})", self.receiver)
    }
}

impl Settings {
    /// Checks what was typed. A webhook gets a new secret; `private` says whether addresses inside are let through.
    ///
    /// # Errors
    /// [`SettingsError`], as a sentence for the form.
    pub fn new(draft: &Draft<'_>, format: Format, private: address::Private) -> Result<Self, SettingsError> {
        let ca = draft.ca_pem.trim();
        let receiver = match draft.receiver {
            "webhook" => {
                let url = https(draft.url, private)?.to_string();
                Receiver::Webhook(Webhook { url, secret: new_secret(), before: None })
            }
            "object_store" => Receiver::ObjectStore(object_store(draft, private)?),
            "syslog" => Receiver::Syslog(syslog(draft, private)?),
            _ => return Err(wrong("choose what receives the stream")),
        };
        if matches!(receiver, Receiver::Syslog(_)) && format != Format::Rfc5424 {
            return Err(wrong("syslog takes the format RFC 5424"));
        }
        let settings = Self { receiver, ca_pem: (!ca.is_empty()).then(|| ca.to_owned()) };
        settings.authorities()?;
        Ok(settings)
    }

    /// Reads settings back.
    ///
    /// # Errors
    /// [`SettingsError`] for bytes that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, SettingsError> {
        serde_json::from_slice(bytes).map_err(|_| wrong("the settings do not read"))
    }

    /// The bytes to be sealed.
    ///
    /// # Errors
    /// [`SettingsError`], which no settings make.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(|_| wrong("the settings cannot be written"))
    }

    /// Where it goes, in words without a secret: a query of a URL may hold one and is left out.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.receiver {
            Receiver::Webhook(webhook) => webhook.url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            Receiver::ObjectStore(store) => format!("{}/{}/{}", store.endpoint, store.bucket, store.prefix),
            Receiver::Syslog(syslog) => format!("{}:{}", syslog.host, syslog.port),
        }
    }

    /// The secret of a webhook, to be shown once.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        match &self.receiver {
            Receiver::Webhook(webhook) => Some(&webhook.secret),
            _ => None,
        }
    }

    /// The same webhook with another secret; the one before signs beside it for a day. Nothing for other receivers.
    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Option<Self> {
        let Receiver::Webhook(webhook) = &self.receiver else { return None };
        let until = now.saturating_add(SECRET_OVERLAP).ok()?.as_second();
        let before = Some((webhook.secret.clone(), until));
        let receiver = Receiver::Webhook(Webhook { url: webhook.url.clone(), secret: new_secret(), before });
        Some(Self { receiver, ca_pem: self.ca_pem.clone() })
    }

    /// The authorities of its own, if it has any.
    pub(super) fn authorities(&self) -> Result<Option<RootCertStore>, SettingsError> {
        let Some(pem) = &self.ca_pem else { return Ok(None) };
        if pem.len() > CA_BYTES_MAX {
            return Err(wrong(format!("the authorities have more than {CA_BYTES_MAX} bytes")));
        }
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| wrong("the authorities hold what is no certificate"))?;
            roots.add(certificate).map_err(|_| wrong("the authorities hold a certificate that cannot be used"))?;
        }
        if roots.is_empty() {
            return Err(wrong("the authorities hold no certificate; paste them in PEM"));
        }
        Ok(Some(roots))
    }
}

impl Webhook {
    /// The keys that sign at a time: the present one, and for a day the one before it.
    pub(super) fn keys(&self, now_s: i64) -> Vec<Zeroizing<Vec<u8>>> {
        let before = self.before.as_ref().filter(|(_, until_s)| now_s < *until_s).map(|(secret, _)| secret);
        let bytes = |secret: &Zeroizing<String>| {
            let text = secret.strip_prefix(SECRET_PREFIX)?;
            BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new)
        };
        std::iter::once(&self.secret).chain(before).filter_map(bytes).collect()
    }
}

fn new_secret() -> Zeroizing<String> {
    let bytes = Zeroizing::new(seal::random::<32>());
    Zeroizing::new(format!("{SECRET_PREFIX}{}", BASE64.encode(bytes.as_slice())))
}

/// A URL that begins with https and names a host, without anybody's name in it.
fn https(text: &str, private: address::Private) -> Result<reqwest::Url, SettingsError> {
    let text = text.trim();
    if text.is_empty() || text.len() > URL_BYTES_MAX {
        return Err(wrong(format!("the address needs 1 to {URL_BYTES_MAX} bytes")));
    }
    let url = reqwest::Url::parse(text).map_err(|_| wrong("this is no address like https://siem.example.org/in"))?;
    if url.scheme() != "https" {
        return Err(wrong("the address must begin with https"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("the address holds a name, a password or a fragment"));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("the address has no host"))?;
    literal(host, private)?;
    Ok(url)
}

/// Refuses an address inside at once; names are looked at each time they are resolved.
fn literal(host: &str, private: address::Private) -> Result<(), SettingsError> {
    match address::literal(host) {
        Some(address) => address::check(address, private).map_err(|why| wrong(why.to_string())),
        None => Ok(()),
    }
}

fn object_store(draft: &Draft<'_>, private: address::Private) -> Result<ObjectStore, SettingsError> {
    let url = https(draft.endpoint, private)?;
    if url.path() != "/" || url.query().is_some() {
        return Err(wrong("the store's address has a path; the bucket goes into its own field"));
    }
    let plain = |what: &str, text: &str, extra: &str| {
        let text = text.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || extra.contains(c);
        let is_fine = text.len() <= TEXT_BYTES_MAX && text.chars().all(is_plain);
        if is_fine {
            Ok(text.to_owned())
        } else {
            Err(wrong(format!("{what} holds something else than plain characters")))
        }
    };
    let bucket = plain("the bucket", draft.bucket, "")?;
    let region = plain("the region", draft.region, "")?;
    let access_key = plain("the key's id", draft.access_key, "+/=")?;
    let prefix = plain("the prefix", draft.prefix, "/")?;
    let secret_key = Zeroizing::new(draft.secret_key.trim().to_owned());
    if bucket.is_empty() || bucket.starts_with('.') || region.is_empty() || access_key.is_empty() {
        return Err(wrong("an object store needs bucket, region and a key's id"));
    }
    if secret_key.is_empty() || secret_key.len() > TEXT_BYTES_MAX || !secret_key.chars().all(|c| c.is_ascii_graphic()) {
        return Err(wrong("an object store needs its secret key"));
    }
    let prefix = prefix.trim_matches('/');
    if prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.contains("//") {
        return Err(wrong("the prefix is no plain path"));
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let endpoint = url.as_str().trim_end_matches('/').to_owned();
    Ok(ObjectStore { endpoint, bucket, region, prefix, access_key, secret_key })
}

fn syslog(draft: &Draft<'_>, private: address::Private) -> Result<Syslog, SettingsError> {
    let host = draft.host.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
        return Err(wrong("this is no host like syslog.example.org"));
    }
    literal(host, private)?;
    let port = if draft.port.trim().is_empty() { "6514" } else { draft.port.trim() };
    let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| wrong("the port is 1 to 65535"))?;
    Ok(Syslog { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use address::Private;

    fn webhook(url: &str) -> Result<Settings, SettingsError> {
        Settings::new(&Draft { receiver: "webhook", url, ..Draft::default() }, Format::Native, Private::Refused)
    }

    #[test]
    fn only_https_to_a_place_outside_is_taken() {
        for good in ["https://siem.example.org/in?token=1", "https://198.41.0.4:8443/", "https://[2001:500:2::c]/"] {
            webhook(good).unwrap_or_else(|why| panic!("{good}: {why}"));
        }
        for bad in [
            "",
            "siem.example.org",
            "http://siem.example.org",
            "ftp://siem.example.org",
            "file:///etc/passwd",
            "https://user:secret@siem.example.org",
            "https://user@siem.example.org",
            "https://siem.example.org/#x",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://",
        ] {
            assert!(webhook(bad).is_err(), "{bad}");
        }
        let long = format!("https://siem.example.org/{}", "a".repeat(URL_BYTES_MAX - 25));
        assert!(webhook(&long).is_ok());
        assert!(webhook(&format!("{long}a")).is_err(), "one past the bound");
    }

    #[test]
    fn settings_read_back_and_show_no_secret() {
        let made = webhook("https://siem.example.org/in?token=hush").unwrap();
        assert_eq!(Settings::parse(&made.to_bytes().unwrap()).unwrap(), made);
        assert!(!format!("{made:?} {}", made.words()).contains("hush"));
        assert!(made.secret().unwrap().starts_with("whsec_"));
        assert!(Settings::parse(b"{}").is_err() && Settings::parse(b"").is_err());
    }

    #[test]
    fn the_secret_before_signs_for_a_day() {
        let first = webhook("https://siem.example.org/").unwrap();
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let second = first.rotated(now).unwrap();
        assert_ne!(first.secret(), second.secret());
        let Receiver::Webhook(webhook) = &second.receiver else { panic!("a webhook") };
        assert_eq!(webhook.keys(1_790_000_000 + 86_399).len(), 2);
        assert_eq!(webhook.keys(1_790_000_000 + 86_400).len(), 1);
    }

    #[test]
    fn an_object_store_and_a_syslog_receiver_are_checked() {
        let store = Draft {
            receiver: "object_store",
            endpoint: "https://s3.eu-central-1.amazonaws.com",
            bucket: "trail",
            region: "eu-central-1",
            prefix: "/countersign/",
            access_key: "AKIDEXAMPLE",
            secret_key: "secret",
            ..Draft::default()
        };
        let take = |draft: &Draft<'_>| Settings::new(draft, Format::Ocsf, Private::Refused);
        assert_eq!(take(&store).unwrap().words(), "https://s3.eu-central-1.amazonaws.com/trail/countersign/");
        for bad in [
            Draft { endpoint: "https://s3.example.org/bucket", ..store.clone() },
            Draft { endpoint: "https://192.168.0.1", ..store.clone() },
            Draft { bucket: "a/b", ..store.clone() },
            Draft { bucket: "", ..store.clone() },
            Draft { prefix: "../x", ..store.clone() },
            Draft { prefix: "a//b", ..store.clone() },
            Draft { secret_key: "", ..store.clone() },
            Draft { region: "eu central", ..store.clone() },
        ] {
            assert!(take(&bad).is_err(), "{} {} {}", bad.endpoint, bad.bucket, bad.prefix);
        }
        let syslog = Draft { receiver: "syslog", host: "syslog.example.org", ..Draft::default() };
        let take = |draft: &Draft<'_>, format| Settings::new(draft, format, Private::Refused);
        assert_eq!(take(&syslog, Format::Rfc5424).unwrap().words(), "syslog.example.org:6514");
        assert!(take(&syslog, Format::Native).is_err(), "syslog carries messages");
        for (host, port) in
            [("", ""), ("10.0.0.1", ""), ("::1", ""), ("a b", ""), ("a.example", "0"), ("a.example", "65536")]
        {
            let bad = Draft { host, port, ..syslog.clone() };
            assert!(take(&bad, Format::Rfc5424).is_err(), "{host} {port}");
        }
        let with_ca = Draft { ca_pem: "-----BEGIN NOTHING-----", ..syslog };
        assert!(take(&with_ca, Format::Rfc5424).is_err());
    }
}
