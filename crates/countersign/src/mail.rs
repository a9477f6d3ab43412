//! Where mails go: a relay with required TLS, or files while none is configured.

use std::path::{Path, PathBuf};

use channels::{Courier, FileOutbox, Login, Sender, SmtpSettings, SmtpTransport, TlsMode, Transport};
use tenancy::Database;
use web::Composer;

use crate::config::{Config, Mail, MailTls, Relay};

/// The folder of mails that are written instead of sent: outside the data directory, where nothing stands in clear.
#[must_use]
pub fn files_dir(data: &Path) -> PathBuf {
    let mark = seal::sha256(data.as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("countersign-mail-{}", data_encoding::HEXLOWER.encode(&mark[..6])))
}

/// The courier for this configuration.
///
/// # Errors
/// A sentence.
pub fn courier(db: &Database, config: &Config, base_url: &str, data: &Path) -> Result<Courier<Composer>, String> {
    let composer = Composer { base_url: base_url.to_owned() };
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let (transport, sender) = match &config.mail {
        Mail::Files => {
            let sender = Sender::new("Countersign <countersign@localhost>").map_err(|error| words(&error))?;
            let dir = files_dir(data);
            let outbox = FileOutbox::open(&dir).map_err(|error| words(&error))?;
            own(&dir)?;
            (Transport::File(outbox), sender)
        }
        Mail::Relay(relay) => {
            let sender = Sender::new(&relay.from).map_err(|error| words(&error))?;
            let smtp = SmtpTransport::new(&settings(relay)?, &sender).map_err(|error| words(&error))?;
            (Transport::Smtp(smtp), sender)
        }
    };
    Ok(Courier::new(db.clone(), composer, transport, sender).at_pace(config.mail_per_second))
}

/// The folder lies where anybody may make folders: it must be a real one, ours, and closed to others.
fn own(dir: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::symlink_metadata(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let ours = found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw() && found.mode() & 0o077 == 0;
    if ours {
        Ok(())
    } else {
        Err(format!("{} is not a private folder of this user; remove it, or configure a mail relay", dir.display()))
    }
}

fn settings(relay: &Relay) -> Result<SmtpSettings, String> {
    let login = match &relay.credentials {
        None => None,
        Some(credentials) => {
            let path = &credentials.password_file;
            let password = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Some(Login { user: credentials.username.clone(), password: password.trim_end().to_owned() })
        }
    };
    let tls = match relay.tls {
        MailTls::StartTls => TlsMode::StartTls,
        MailTls::Implicit => TlsMode::Implicit,
    };
    Ok(SmtpSettings { host: relay.host.clone(), port: relay.port, tls, ca_file: None, login })
}
