//! A PostgreSQL of the operator's own: `DATABASE_URL` names an administrator, who makes the roles once.
//!
//! The roles get generated passwords, kept beside the keys (0600). A connection that leaves the machine is made over TLS
//! with the server's certificate and name verified against `DATABASE_CA`, or not at all (decision 0006).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tenancy::{DatabaseTls, Host, Server};
use tokio_postgres::Config;
use tokio_postgres::config::Host as UrlHost;

use crate::operator::words;
use crate::postgres::{MAPPED_ROLES, bootstrap_sections};

/// Makes roles, database and schemas where they are missing, and says where the server is.
///
/// # Errors
/// A sentence that says what to do.
pub async fn prepare(url: &str, keys: &Path) -> Result<Server, String> {
    let config: Config =
        url.parse().map_err(|_| "DATABASE_URL is not of the form postgres://user@host/database".to_owned())?;
    let tls = authority()?;
    let host = match config.get_hosts() {
        [UrlHost::Unix(path)] => Host::Socket(path.clone()),
        [UrlHost::Tcp(name)] if tls.is_some() || matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1") => {
            Host::Tcp(name.clone())
        }
        [UrlHost::Tcp(name)] => {
            return Err(format!(
                "DATABASE_URL names {name}, which is not this machine: set DATABASE_CA to a file with the certificate \
                 authority of its server, so that the connection can be verified"
            ));
        }
        _ => return Err("DATABASE_URL must name one unix socket or one host".to_owned()),
    };
    let database = config.get_dbname().unwrap_or(crate::postgres::DATABASE).to_owned();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let passwords = passwords(keys)?;
    let sections = bootstrap_sections();
    administer(&config, tls.as_ref(), &database, &sections, &passwords).await?;
    Ok(Server { host, database, passwords, port, tls })
}

/// The authority that `DATABASE_CA` names, if it is set.
fn authority() -> Result<Option<DatabaseTls>, String> {
    let Some(path) = std::env::var_os("DATABASE_CA").filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = Path::new(&path);
    let text = std::fs::read(path).map_err(|error| format!("DATABASE_CA: {}: {error}", path.display()))?;
    DatabaseTls::verified(&text).map(Some).map_err(|error| format!("DATABASE_CA: {}: {error}", path.display()))
}

async fn administer(
    config: &Config,
    tls: Option<&DatabaseTls>,
    database: &str,
    sections: &crate::postgres::Bootstrap,
    passwords: &BTreeMap<String, String>,
) -> Result<(), String> {
    let unreachable = |error: tokio_postgres::Error| match std::error::Error::source(&error) {
        Some(cause) => format!("the server of DATABASE_URL: {error}: {cause}"),
        None => format!("the server of DATABASE_URL: {error}"),
    };
    let (client, driver) = tenancy::connect(config.clone(), tls).await.map_err(unreachable)?;
    client.batch_execute(sections.cluster).await.map_err(unreachable)?;
    for (role, password) in passwords {
        // Both are ours: a name from a closed list, and letters and digits.
        client.batch_execute(&format!("ALTER ROLE {role} PASSWORD '{password}'")).await.map_err(unreachable)?;
    }
    client.batch_execute(sections.database).await.map_err(unreachable)?;
    let grant = format!("GRANT CONNECT ON DATABASE \"{}\" TO countersign_app", database.replace('"', "\"\""));
    client.batch_execute(&grant).await.map_err(unreachable)?;
    drop(client);
    driver.abort();
    Ok(())
}

/// The roles' passwords, made once.
fn passwords(keys: &Path) -> Result<BTreeMap<String, String>, String> {
    let path = keys.join("database-roles.json");
    match std::fs::read(&path) {
        Ok(bytes) => return serde_json::from_slice(&bytes).map_err(words),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(words(error)),
        Err(_) => {}
    }
    let made: BTreeMap<String, String> = MAPPED_ROLES
        .iter()
        .map(|role| ((*role).to_owned(), data_encoding::HEXLOWER.encode(&seal::random::<24>())))
        .collect();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(words)?;
    file.write_all(serde_json::to_string(&made).map_err(words)?.as_bytes()).map_err(words)?;
    file.sync_all().map_err(words)?;
    Ok(made)
}
