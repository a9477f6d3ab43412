//! TLS of the public listener: a local certificate authority for the first start, and the server's settings.
//!
//! What must stay true: keys are readable by their owner only; the authority can vouch for this machine alone; TLS 1.2
//! and 1.3 with ephemeral keys and authenticated ciphers only, AES-256 preferred.

mod authority;
mod server;

use std::io;
use std::path::PathBuf;

pub use self::authority::{LEAF_LIFE, LocalCertificate, RENEW_BEFORE, local_certificate};
pub use self::server::server_config;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {act} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        act: &'static str,
        /// Where.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// Others could read the key.
    #[error("{} can be read by others (mode {mode:04o}); chmod 600 it, and replace the key if it may have been copied", .path.display())]
    OpenKey {
        /// The key's file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no certificate or no key in PEM.
    #[error("{} holds no {what} in PEM", .path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// The file is too long to be a certificate chain or a key.
    #[error("{} is longer than {limit_bytes} bytes", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit_bytes: u64,
    },
    /// Certificate and key do not fit each other or cannot be served.
    #[error("{} and its key cannot be served: {source}", .path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// The reason.
        source: rustls::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// The certificate just made does not verify.
    #[error("the certificate made for this machine does not verify; is the clock right? remove {} to start anew", .0.display())]
    Unverifiable(PathBuf),
}

#[cfg(test)]
mod tests;
