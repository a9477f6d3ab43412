//! TLS to a PostgreSQL on another machine: the certificate must come from a named authority and carry the server's name
//! (what libpq calls `verify-full`); there is no lesser kind.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How connections to the database are protected.
#[derive(Clone)]
pub struct DatabaseTls {
    pub(crate) connect: MakeRustlsConnect,
}

impl std::fmt::Debug for DatabaseTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseTls")
    }
}

impl DatabaseTls {
    /// Trusts the authorities of a PEM file (RFC 7468) and nobody else; TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// A sentence, when the text holds no certificate or one that cannot be used.
    pub fn verified(authorities: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|error| format!("a certificate does not read: {error}"))?;
            roots.add(certificate).map_err(|error| format!("a certificate cannot be used: {error}"))?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connect: MakeRustlsConnect::new(config) })
    }

    /// No connection without it, and no password that could be passed on (RFC 5929).
    pub(crate) fn require(&self, config: &mut tokio_postgres::Config) {
        config.ssl_mode(SslMode::Require).channel_binding(ChannelBinding::Require);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_authority_is_refused() {
        for text in [&b""[..], b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(DatabaseTls::verified(text).is_err());
        }
    }
}
