//! File and variables as they were written, before any section has looked at its values.

use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::Error;

const PREFIX: &str = "COUNTERSIGN_";

/// Variables that are no settings: where to look for them, and where the server's binaries lie.
const OTHER_VARIABLES: [&str; 3] = ["COUNTERSIGN_CONFIG", "COUNTERSIGN_DATA", "COUNTERSIGN_PG_BIN"];

/// Variables of the test suites.
const TEST_PREFIX: &str = "COUNTERSIGN_TEST_";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) listen: Option<String>,
    pub(super) listen_https: Option<String>,
    pub(super) public_url: Option<String>,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<String>,
    #[serde(default)]
    pub(super) tls: RawTls,
    #[serde(default)]
    pub(super) mail: RawMail,
    #[serde(default)]
    pub(super) limits: RawLimits,
    #[serde(default)]
    pub(super) ledger: RawLedger,
    #[serde(default)]
    pub(super) streams: RawStreams,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStreams {
    pub(super) private_receivers: Option<String>,
}

/// No variable reaches in here: it is a list of tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLedger {
    #[serde(default)]
    pub(super) witness: Vec<RawWitness>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWitness {
    pub(super) url: Option<String>,
    pub(super) vkey: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) min: Option<String>,
    pub(super) behind_proxy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    pub(super) host: Option<String>,
    pub(super) port: Option<i64>,
    pub(super) tls: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) from: Option<String>,
    pub(super) per_second: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) body_max_bytes: Option<i64>,
    pub(super) requests_in_flight_max: Option<i64>,
    pub(super) connections_per_address_max: Option<i64>,
    pub(super) header_timeout_ms: Option<i64>,
    pub(super) request_timeout_ms: Option<i64>,
    pub(super) database_connections_max: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    List,
}

/// Every setting: section ("" for none), key, kind. A variable is named after both.
const SETTINGS: [(&str, &str, Kind); 22] = [
    ("", "listen", Kind::Text),
    ("", "listen_https", Kind::Text),
    ("", "public_url", Kind::Text),
    ("", "trusted_proxies", Kind::List),
    ("tls", "cert", Kind::Text),
    ("tls", "key", Kind::Text),
    ("tls", "min", Kind::Text),
    ("tls", "behind_proxy", Kind::Text),
    ("mail", "host", Kind::Text),
    ("mail", "port", Kind::Integer),
    ("mail", "tls", Kind::Text),
    ("mail", "username", Kind::Text),
    ("mail", "password_file", Kind::Text),
    ("mail", "from", Kind::Text),
    ("mail", "per_second", Kind::Integer),
    ("limits", "body_max_bytes", Kind::Integer),
    ("limits", "requests_in_flight_max", Kind::Integer),
    ("limits", "connections_per_address_max", Kind::Integer),
    ("limits", "header_timeout_ms", Kind::Integer),
    ("limits", "request_timeout_ms", Kind::Integer),
    ("limits", "database_connections_max", Kind::Integer),
    ("streams", "private_receivers", Kind::Text),
];

impl Raw {
    /// Reads the file's text and lays the variables over it.
    pub(super) fn merge(
        path: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        // Read as the final shape first: only here do errors know their line.
        toml::from_str::<Self>(text).map_err(|error| in_file(path, text, &error))?;
        let mut table: Table = toml::from_str(text).map_err(|error| in_file(path, text, &error))?;
        for (name, value) in variables {
            if let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) {
                lay_over(&mut table, name, value)?;
            }
        }
        table.try_into().map_err(|error: toml::de::Error| Error::File {
            path: path.to_owned(),
            line: 1,
            message: error.message().to_owned(),
        })
    }
}

fn lay_over(table: &mut Table, name: &str, value: OsString) -> Result<(), Error> {
    if OTHER_VARIABLES.contains(&name) || name.starts_with(TEST_PREFIX) {
        return Ok(());
    }
    let found = SETTINGS.iter().find(|(section, key, _)| variable_of(section, key) == name);
    let Some(&(section, key, kind)) = found else { return Err(Error::UnknownVariable(name.to_owned())) };
    let refused = |message: &str| Error::Variable { name: name.to_owned(), message: message.to_owned() };
    let text = value.into_string().map_err(|_| refused("is not UTF-8"))?;
    let value = match kind {
        Kind::Text => Value::String(text),
        Kind::Integer => Value::Integer(text.parse().map_err(|_| refused("is no whole number"))?),
        Kind::List => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
    };
    let target = match section {
        "" => Some(table),
        section => table.entry(section).or_insert_with(|| Value::Table(Table::new())).as_table_mut(),
    };
    target.expect("the file was read as the final shape, in which a section is a table").insert(key.to_owned(), value);
    Ok(())
}

fn variable_of(section: &str, key: &str) -> String {
    let separator = if section.is_empty() { "" } else { "_" };
    format!("{PREFIX}{section}{separator}{key}").to_uppercase()
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    // The message of a wrong type does not say where; the line's key does.
    let key = text.lines().nth(line - 1).and_then(|text| text.split_once('=')).map(|(key, _)| key.trim());
    let message = match key {
        Some(key) if !error.message().contains(key) => format!("{key}: {}", error.message()),
        _ => error.message().to_owned(),
    };
    Error::File { path: path.to_owned(), line, message }
}
