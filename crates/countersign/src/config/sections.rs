//! The sections, each checking its own values.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ledger::WitnessAt;
use ledger::stream::address::Private;

use super::raw::{Raw, RawLimits, RawMail, RawTls, RawWitness};
use super::{Config, Error, Network};

const TRUSTED_PROXIES_MAX: usize = 64;
const URL_MAX_BYTES: usize = 255;

/// What the plain listener may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// Serve, because it is on loopback.
    Loopback,
    /// Serve, because the operator states that a TLS proxy stands in front.
    BehindTlsProxy,
    /// Answer GET and HEAD with a redirect to HTTPS and refuse the rest: the address is not loopback.
    RedirectOnly,
}

/// Oldest version of TLS the listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246) and 1.3: Mozilla's "intermediate".
    V1_2,
    /// TLS 1.3 (RFC 8446) only: Mozilla's "modern".
    V1_3,
}

/// The section `tls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The operator's certificate; without, one of the local authority.
    pub files: Option<CertificateFiles>,
    /// Oldest version.
    pub min: TlsVersion,
}

/// A certificate chain and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// Leaf first.
    pub cert: PathBuf,
    /// Readable by its owner only.
    pub key: PathBuf,
}

/// The section `mail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// Mails are written to files in the data directory.
    Files,
    /// Mails go to a relay.
    Relay(Relay),
}

/// An SMTP relay (RFC 5321), always with TLS and a verified certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Host name, which the certificate must carry.
    pub host: String,
    /// Port; 587 for STARTTLS and 465 for implicit TLS unless said otherwise.
    pub port: u16,
    /// How TLS begins.
    pub tls: MailTls,
    /// Who logs in, if anybody.
    pub credentials: Option<Credentials>,
    /// The sender, as in `Countersign <sign@example.org>`.
    pub from: String,
}

/// How TLS begins on a connection to the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Upgrade before anything is said (RFC 3207), and no mail without it.
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// Who logs in to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// File that holds the password.
    pub password_file: PathBuf,
}

/// The section `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest body of a request, in bytes.
    pub body_max_bytes: usize,
    /// Requests worked on at a time; more are refused with 503.
    pub requests_in_flight_max: usize,
    /// Open connections of one address.
    pub connections_per_address_max: usize,
    /// Time a peer has for its headers, in milliseconds.
    pub header_timeout_ms: u64,
    /// Time a request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// Connections to the database.
    pub database_connections_max: usize,
}

/// Checks everything.
pub(super) fn check(raw: Raw) -> Result<Config, Error> {
    let listen = address("listen", raw.listen.as_deref(), "127.0.0.1:8080")?;
    let listen_https = address("listen_https", raw.listen_https.as_deref(), "127.0.0.1:8443")?;
    if listen == listen_https && listen.port() != 0 {
        return Err(setting("listen_https", "is the same address as listen"));
    }
    let behind_proxy = one_of("tls.behind_proxy", raw.tls.behind_proxy.as_deref(), &[("no", false), ("yes", true)])?;
    let tls = check_tls(raw.tls)?;
    let plain_http = match (is_loopback(listen.ip()), behind_proxy, &tls.files) {
        (_, true, _) => PlainHttp::BehindTlsProxy,
        (true, false, _) => PlainHttp::Loopback,
        (false, false, Some(_)) => PlainHttp::RedirectOnly,
        (false, false, None) => {
            return Err(setting(
                "listen",
                format!(
                    "{listen} is not loopback, and plain HTTP is served on loopback only; set tls.cert and tls.key, or tls.behind_proxy = \"yes\" if a TLS proxy stands in front"
                ),
            ));
        }
    };
    if !is_loopback(listen_https.ip()) && tls.files.is_none() {
        return Err(setting(
            "listen_https",
            format!(
                "{listen_https} is not loopback, and the local authority's certificate is for this machine only; set tls.cert and tls.key"
            ),
        ));
    }
    Ok(Config {
        listen,
        plain_http,
        listen_https,
        public_url: raw.public_url.map(|url| check_url("public_url", url)).transpose()?,
        trusted_proxies: check_proxies(&raw.trusted_proxies)?,
        tls,
        mail_per_second: check_pace(raw.mail.per_second)?,
        mail: check_mail(raw.mail)?,
        limits: check_limits(&raw.limits)?,
        witnesses: check_witnesses(raw.ledger.witness)?,
        private_receivers: one_of(
            "streams.private_receivers",
            raw.streams.private_receivers.as_deref(),
            &[("no", Private::Refused), ("yes", Private::Allowed)],
        )?,
    })
}

fn check_tls(raw: RawTls) -> Result<Tls, Error> {
    let min = one_of("tls.min", raw.min.as_deref(), &[("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)])?;
    let files = match (raw.cert, raw.key) {
        (None, None) => None,
        (Some(cert), Some(key)) => {
            Some(CertificateFiles { cert: absolute("tls.cert", cert)?, key: absolute("tls.key", key)? })
        }
        (Some(_), None) => return Err(setting("tls.key", "is missing, though tls.cert is set")),
        (None, Some(_)) => return Err(setting("tls.cert", "is missing, though tls.key is set")),
    };
    Ok(Tls { files, min })
}

fn check_pace(per_second: Option<i64>) -> Result<u32, Error> {
    within("mail.per_second", per_second, i64::from(channels::PER_SECOND_DEFAULT), 1, 1_000)
}

fn check_mail(raw: RawMail) -> Result<Mail, Error> {
    let tls =
        one_of("mail.tls", raw.tls.as_deref(), &[("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit)])?;
    let Some(host) = raw.host else {
        for (key, set) in [
            ("mail.port", raw.port.is_some()),
            ("mail.tls", raw.tls.is_some()),
            ("mail.username", raw.username.is_some()),
            ("mail.password_file", raw.password_file.is_some()),
            ("mail.from", raw.from.is_some()),
        ] {
            if set {
                return Err(setting(key, "is set, but mail.host is missing"));
            }
        }
        return Ok(Mail::Files);
    };
    if !is_host(&host) {
        return Err(setting("mail.host", format!("'{host}' is no host name")));
    }
    let port = match (raw.port, tls) {
        (None, MailTls::StartTls) => 587,
        (None, MailTls::Implicit) => 465,
        (Some(port), _) => u16::try_from(port)
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| setting("mail.port", format!("{port} is no port; 1 to 65535")))?,
    };
    let credentials = match (raw.username, raw.password_file) {
        (None, None) => None,
        (Some(username), Some(file)) if !username.is_empty() => {
            Some(Credentials { username, password_file: absolute("mail.password_file", file)? })
        }
        (Some(_), Some(_)) => return Err(setting("mail.username", "is empty")),
        (Some(_), None) => return Err(setting("mail.password_file", "is missing, though mail.username is set")),
        (None, Some(_)) => return Err(setting("mail.username", "is missing, though mail.password_file is set")),
    };
    let from = raw.from.ok_or_else(|| setting("mail.from", "is missing, though mail.host is set"))?;
    if !is_sender(&from) {
        return Err(setting("mail.from", format!("{from:?} is no sender like Countersign <sign@example.org>")));
    }
    Ok(Mail::Relay(Relay { host, port, tls, credentials, from }))
}

fn check_limits(raw: &RawLimits) -> Result<Limits, Error> {
    Ok(Limits {
        body_max_bytes: within("limits.body_max_bytes", raw.body_max_bytes, 1 << 20, 1 << 10, 16 << 20)?,
        requests_in_flight_max: within("limits.requests_in_flight_max", raw.requests_in_flight_max, 512, 1, 10_000)?,
        connections_per_address_max: within(
            "limits.connections_per_address_max",
            raw.connections_per_address_max,
            256,
            1,
            20_000,
        )?,
        header_timeout_ms: within("limits.header_timeout_ms", raw.header_timeout_ms, 10_000, 100, 60_000)?,
        request_timeout_ms: within("limits.request_timeout_ms", raw.request_timeout_ms, 30_000, 1_000, 300_000)?,
        // The private server takes 60, of which migration, checks and backup need a few.
        database_connections_max: within("limits.database_connections_max", raw.database_connections_max, 16, 2, 50)?,
    })
}

fn check_witnesses(raw: Vec<RawWitness>) -> Result<Vec<WitnessAt>, Error> {
    if raw.len() > tenancy::WITNESSES_MAX {
        let message = format!("has {} witnesses; {} are the most", raw.len(), tenancy::WITNESSES_MAX);
        return Err(setting("ledger.witness", message));
    }
    let mut witnesses: Vec<WitnessAt> = Vec::with_capacity(raw.len());
    for one in raw {
        let missing = |key: &'static str| setting(key, "is missing");
        let url = check_prefix("ledger.witness.url", one.url.ok_or_else(|| missing("ledger.witness.url"))?)?;
        let vkey = one.vkey.ok_or_else(|| missing("ledger.witness.vkey"))?;
        let refused = |why: &dyn std::fmt::Display| setting("ledger.witness.vkey", format!("'{vkey}': {why}"));
        let witness = WitnessAt::new(url, &vkey).map_err(|why| refused(&why))?;
        if witnesses.iter().any(|known| known.key.name() == witness.key.name()) {
            return Err(refused(&"this witness stands there already"));
        }
        witnesses.push(witness);
    }
    Ok(witnesses)
}

/// An origin with a path behind it, or none; without a slash at its end.
fn check_prefix(key: &'static str, url: String) -> Result<String, Error> {
    let url = url.trim_end_matches('/').to_owned();
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if url.len() > URL_MAX_BYTES || !url[path..].chars().all(plain) {
        return Err(setting(
            key,
            format!("'{url}' is no URL like https://witness.example.org or one with a plain path"),
        ));
    }
    check_url(key, url[..path].to_owned())?;
    Ok(url)
}

/// An origin (RFC 6454): https, or http on loopback; nothing behind the host and port.
fn check_url(key: &'static str, url: String) -> Result<String, Error> {
    let refused = |message: &str| setting(key, format!("'{url}' {message}"));
    if url.len() > URL_MAX_BYTES {
        return Err(setting(key, format!("is longer than {URL_MAX_BYTES} bytes")));
    }
    let (scheme, authority) =
        url.split_once("://").ok_or_else(|| refused("is no URL like https://sign.example.org"))?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().unwrap_or(0) == 0)
    {
        return Err(refused("has no valid port, or something behind it"));
    }
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let local = match literal {
        Some(v6) => {
            let v6: std::net::Ipv6Addr = v6.parse().map_err(|_| refused("has no valid host"))?;
            v6.is_loopback()
        }
        None if !is_host(host) => {
            return Err(refused("must be scheme and host only, without a path or slash at its end"));
        }
        None => host == "localhost" || host.parse::<IpAddr>().is_ok_and(is_loopback),
    };
    match scheme {
        "https" => Ok(url),
        "http" if local => Ok(url),
        "http" => Err(refused("must begin with https; plain http is for loopback")),
        _ => Err(refused("must begin with https")),
    }
}

fn check_proxies(texts: &[String]) -> Result<Vec<Network>, Error> {
    if texts.len() > TRUSTED_PROXIES_MAX {
        return Err(setting("trusted_proxies", format!("has more than {TRUSTED_PROXIES_MAX} entries")));
    }
    texts.iter().map(|text| text.parse().map_err(|message: String| setting("trusted_proxies", message))).collect()
}

fn address(key: &'static str, value: Option<&str>, default: &str) -> Result<SocketAddr, Error> {
    let text = value.unwrap_or(default);
    text.parse().map_err(|_| setting(key, format!("'{text}' is no address and port like {default}")))
}

fn absolute(key: &'static str, value: String) -> Result<PathBuf, Error> {
    let path = PathBuf::from(value);
    if path.is_absolute() { Ok(path) } else { Err(setting(key, format!("'{}' is no absolute path", path.display()))) }
}

/// The first pair is the default.
fn one_of<T: Copy>(key: &'static str, value: Option<&str>, pairs: &[(&str, T)]) -> Result<T, Error> {
    let text = value.unwrap_or(pairs[0].0);
    let found = pairs.iter().find(|(name, _)| *name == text).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let names: Vec<String> = pairs.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        setting(key, format!("'{text}' is unknown; it is {}", names.join(" or ")))
    })
}

fn within<T: TryFrom<i64>>(
    key: &'static str,
    value: Option<i64>,
    default: i64,
    low: i64,
    high: i64,
) -> Result<T, Error> {
    let value = value.unwrap_or(default);
    let fitting = (low..=high).contains(&value).then(|| T::try_from(value).ok()).flatten();
    fitting.ok_or_else(|| setting(key, format!("{value} is out of bounds; {low} to {high}")))
}

/// A host name (RFC 1123) or an IPv4 address.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// `name <local@host>` or `local@host`, on one line. The mail library parses it in full later.
fn is_sender(text: &str) -> bool {
    let address = match text.strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<').map_or("", |(_, address)| address),
        None => text,
    };
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>,;\"()".contains(c);
    text.len() <= 320
        && !text.contains(char::is_control)
        && address.rsplit_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && local.len() <= 64 && !local.contains('@') && local.chars().all(plain) && is_host(host)
        })
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn setting(key: &'static str, message: impl Into<String>) -> Error {
    Error::Setting { key, message: message.into() }
}
