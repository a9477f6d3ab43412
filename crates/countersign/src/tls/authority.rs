//! The local certificate authority: made at the first start, so that HTTPS works before anybody has a certificate.
//!
//! Its name constraints (RFC 5280, 4.2.1.10) let it vouch for `localhost` and the loopback addresses only, so trusting it
//! in a browser gives its key no power over any other host.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls_pki_types::{ServerName, UnixTime};

use super::Error;
use super::server::{provider, read_chain, read_private, server_config};
use crate::config::TlsVersion;

/// Life of a server certificate, the hour before its making included.
pub const LEAF_LIFE: Duration = Duration::from_secs(80 * DAY_S);

/// A server certificate with less life than this is replaced.
pub const RENEW_BEFORE: Duration = Duration::from_secs(20 * DAY_S);

const DAY_S: u64 = 24 * 60 * 60;

/// For clocks of clients that are a little late.
const BACKDATED: Duration = Duration::from_secs(60 * 60);

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where the files of the local authority lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCertificate {
    /// Certificate of the authority: what a client is told to trust.
    pub ca: PathBuf,
    /// The server's certificate.
    pub cert: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

/// Makes what is missing in `dir` (a private directory of ours) and replaces a server certificate that has less than
/// [`RENEW_BEFORE`] to live at `now`, was made for another authority or is damaged. Called at every start and once a day.
///
/// # Errors
/// When a key is open to others, or a file cannot be written.
pub fn local_certificate(dir: &Path, now: UnixTime) -> Result<LocalCertificate, Error> {
    let files = LocalCertificate { ca: dir.join("ca.pem"), cert: dir.join("server.pem"), key: dir.join("server.key") };
    if serves_until(&files, now, RENEW_BEFORE)? {
        return Ok(files);
    }
    if let Some(key) = existing_authority_key(dir)? {
        issue(&files, key, now)?;
        if serves_until(&files, now, RENEW_BEFORE)? {
            return Ok(files);
        }
    }
    let key = make_authority(dir, &files.ca, now)?;
    issue(&files, key, now)?;
    if serves_until(&files, now, RENEW_BEFORE)? { Ok(files) } else { Err(Error::Unverifiable(dir.to_owned())) }
}

/// Whether the files can be served now and verify under the authority, for every name, now and `margin` later.
fn serves_until(files: &LocalCertificate, now: UnixTime, margin: Duration) -> Result<bool, Error> {
    if [&files.ca, &files.cert, &files.key].iter().any(|path| !path.exists()) {
        return Ok(false);
    }
    match server_config(&files.cert, &files.key, TlsVersion::V1_2) {
        Ok(_) => {}
        Err(error @ (Error::OpenKey { .. } | Error::Io { .. })) => return Err(error),
        Err(_) => return Ok(false),
    }
    let (Ok(authority), Ok(chain)) = (read_chain(&files.ca), read_chain(&files.cert)) else { return Ok(false) };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authority);
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(roots.into(), provider()).build() else {
        return Ok(false);
    };
    let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + margin);
    let verifies = |name: &str, at| {
        let name = ServerName::try_from(name).expect("the names are constants and valid");
        verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], at).is_ok()
    };
    Ok(NAMES.iter().all(|name| verifies(name, now) && verifies(name, later)))
}

fn existing_authority_key(dir: &Path) -> Result<Option<KeyPair>, Error> {
    let path = dir.join("ca.key");
    if !path.exists() || !dir.join("ca.pem").exists() {
        return Ok(None);
    }
    let text = read_private(&path)?;
    Ok(std::str::from_utf8(&text).ok().and_then(|text| KeyPair::from_pem(text).ok()))
}

fn make_authority(dir: &Path, ca: &Path, now: UnixTime) -> Result<KeyPair, Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = authority_params(now).self_signed(&key)?;
    // The key first: a crash in between leaves an authority that does not fit, which the next start replaces.
    write(&dir.join("ca.key"), &key.serialize_pem(), 0o600)?;
    write(ca, &certificate.pem(), 0o644)?;
    Ok(key)
}

fn issue(files: &LocalCertificate, authority_key: KeyPair, now: UnixTime) -> Result<(), Error> {
    let issuer = Issuer::new(authority_params(now), authority_key);
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, NAMES[0]);
    let from = Duration::from_secs(now.as_secs()).saturating_sub(BACKDATED);
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    // Both ends count (RFC 5280, 4.1.2.5), hence the second.
    params.not_after = params.not_before + LEAF_LIFE - Duration::from_secs(1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.signed_by(&key, &issuer)?;
    write(&files.key, &key.serialize_pem(), 0o600)?;
    write(&files.cert, &certificate.pem(), 0o644)
}

/// The authority's certificate has no well-defined end (RFC 5280, 4.1.2.5): whoever trusts it would have to trust its
/// successor by hand, and it vouches for this machine only.
fn authority_params(now: UnixTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Countersign");
    params.distinguished_name.push(DnType::CommonName, "Countersign authority of this machine");
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs()).saturating_sub(BACKDATED);
    params.not_after = date_time_ymd(9999, 12, 31) + Duration::from_secs(DAY_S - 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

/// Replaces a file as a whole and durably, so that a crash leaves the old or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let new = path.with_extension("new");
    let write = || {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Made anew with its mode, so that the key is at no moment open to others.
        let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), |dir| fs::File::open(dir)?.sync_all())
    };
    write().map_err(|source| Error::Io { act: "write", path: path.to_owned(), source })
}
