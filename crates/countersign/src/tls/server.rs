//! The settings of the TLS listener.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::Error;
use crate::config::TlsVersion;

const FILE_MAX_BYTES: u64 = 256 * 1024;

/// Settings for a listener with this certificate chain (leaf first) and key, both PEM: TLS 1.3 (RFC 8446) and, unless
/// `min` says otherwise, 1.2; the server's order of ciphers, AES-256 first; hybrid X25519MLKEM768 key exchange offered;
/// `h2` and `http/1.1`; no early data.
///
/// # Errors
/// [`Error::OpenKey`] when group or others may read the key; others when the files cannot be used.
pub fn server_config(cert: &Path, key: &Path, min: TlsVersion) -> Result<Arc<ServerConfig>, Error> {
    let chain = read_chain(cert)?;
    let key = read_key(key)?;
    let versions = match min {
        TlsVersion::V1_2 => vec![&TLS13, &TLS12],
        TlsVersion::V1_3 => vec![&TLS13],
    };
    let unusable = |source| Error::Unusable { path: cert.to_owned(), source };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&versions)
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.ignore_client_order = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The default suites (all ephemeral and authenticated), those with AES-256 first.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| !is_aes_256(suite.suite()));
    Arc::new(provider)
}

fn is_aes_256(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    )
}

pub(super) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(File::open(path), path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| Error::NoPem { path: path.to_owned(), what: "certificate" })?;
    if chain.is_empty() {
        return Err(Error::NoPem { path: path.to_owned(), what: "certificate" });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read_private(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| Error::NoPem { path: path.to_owned(), what: "private key" })
}

/// Reads a file that nobody but its owner may read. The mode is that of the open file, not of the path.
pub(super) fn read_private(path: &Path) -> Result<Vec<u8>, Error> {
    let file = File::open(path);
    if let Ok(file) = &file {
        let found = file.metadata().map_err(|source| Error::Io { act: "look at", path: path.to_owned(), source })?;
        let mode = found.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Error::OpenKey { path: path.to_owned(), mode });
        }
    }
    read(file, path)
}

fn read(file: std::io::Result<File>, path: &Path) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    file.and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_end(&mut text)).map_err(|source| Error::Io {
        act: "read",
        path: path.to_owned(),
        source,
    })?;
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(Error::TooLong { path: path.to_owned(), limit_bytes: FILE_MAX_BYTES });
    }
    Ok(text)
}
