//! Configuration: one TOML file, `COUNTERSIGN_*` variables over it, the command line's flags over both.
//!
//! It is parsed once into types; each section validates itself, and an unknown key or variable is an error that names
//! it. Secrets are never values here: a password is the path of the file that holds it.
//!
//! ```toml
//! listen = "127.0.0.1:8080"          # plain HTTP, see `tls.behind_proxy`
//! listen_https = "127.0.0.1:8443"
//! public_url = "https://sign.example.org"
//! trusted_proxies = ["10.0.0.0/8"]
//! [tls]
//! cert = "/etc/countersign/cert.pem" # without: a certificate of the local authority
//! key = "/etc/countersign/key.pem"
//! min = "1.2"                        # or "1.3"
//! behind_proxy = "no"                # "yes" states that a TLS proxy stands in front of `listen`
//! [mail]
//! host = "smtp.example.org"          # without: mails are written to files
//! port = 587
//! tls = "starttls"                   # or "implicit"; there is no mail without TLS
//! username = "countersign"
//! password_file = "/etc/countersign/smtp-password"
//! from = "Countersign <sign@example.org>"
//! per_second = 20                    # mails that leave in a second
//! [limits]
//! body_max_bytes = 1048576
//! requests_in_flight_max = 512
//! connections_per_address_max = 256
//! header_timeout_ms = 10000
//! request_timeout_ms = 30000
//! database_connections_max = 16
//! [streams]
//! private_receivers = "no"           # "yes" lets streams go to loopback and private addresses
//! [[ledger.witness]]                 # at most 8; each cosigns the deployment's log
//! url = "https://witness.example.net"
//! # as the witness prints it
//! vkey = "witness.example.net+194f5f87+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
//! ```

mod network;
mod raw;
mod sections;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use self::network::{Network, is_among};
pub use self::sections::{CertificateFiles, Credentials, Limits, Mail, MailTls, PlainHttp, Relay, Tls, TlsVersion};

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "countersign.toml";

/// Bound on the file, in bytes.
pub const FILE_MAX_BYTES: u64 = 256 * 1024;

/// The whole configuration, valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Address of the plain listener.
    pub listen: SocketAddr,
    /// What the plain listener may do.
    pub plain_http: PlainHttp,
    /// Address of the TLS listener.
    pub listen_https: SocketAddr,
    /// Origin under which people reach the installation, without a slash at its end.
    pub public_url: Option<String>,
    /// Peers whose forwarded headers are believed; empty: nobody's.
    pub trusted_proxies: Vec<Network>,
    /// Certificate and versions.
    pub tls: Tls,
    /// Where mails go.
    pub mail: Mail,
    /// Effects that leave in a second, after a burst of as many.
    pub mail_per_second: u32,
    /// Bounds.
    pub limits: Limits,
    /// Who is asked to cosign the deployment's log.
    pub witnesses: Vec<ledger::WitnessAt>,
    /// Whether streams of the trail may go to addresses of this machine and its network.
    pub private_receivers: ledger::stream::address::Private,
}

/// What the command line says; wins over file and variables.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--listen-https`.
    pub listen_https: Option<SocketAddr>,
}

/// Why the configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// The file is too large to be a configuration.
    #[error("{} is longer than {FILE_MAX_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{}, line {line}: {message}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong, naming the key.
        message: String,
    },
    /// A variable that means nothing.
    #[error(
        "unknown variable {0}; the variables are named like the settings, for instance COUNTERSIGN_TLS_MIN for tls.min"
    )]
    UnknownVariable(String),
    /// A variable whose value cannot be read.
    #[error("{name}: {message}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A setting whose value is not allowed.
    #[error("{key}: {message}")]
    Setting {
        /// The setting, as in `tls.min`.
        key: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Config {
    /// Reads `explicit`, else `countersign.toml` in the data directory if there is one, and lays variables and flags over
    /// it. `variables` is the environment; other programs' variables are passed over.
    ///
    /// # Errors
    /// See [`Error`]: each names the file and line, the variable or the setting.
    pub fn load(
        data_root: &Path,
        explicit: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        overrides: &Overrides,
    ) -> Result<Self, Error> {
        let beside = data_root.join(FILE_NAME);
        let path = explicit.unwrap_or(&beside);
        let text = match read(path) {
            Err(Error::Unreadable { source, .. }) if explicit.is_none() && source.kind() == io::ErrorKind::NotFound => {
                String::new()
            }
            other => other?,
        };
        Self::from_parts(path, &text, variables, overrides)
    }

    /// As [`Config::load`], from the file's text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_parts(
        path: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        overrides: &Overrides,
    ) -> Result<Self, Error> {
        let mut raw = raw::Raw::merge(path, text, variables)?;
        if let Some(listen) = overrides.listen {
            raw.listen = Some(listen.to_string());
        }
        if let Some(listen) = overrides.listen_https {
            raw.listen_https = Some(listen.to_string());
        }
        sections::check(raw)
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(Error::TooLong(path.to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
