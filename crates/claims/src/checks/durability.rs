//! The settings that acknowledged changes rest on: as the connections have them, and as they are stored for roles.

use super::{Found, Tally};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;
use crate::statements;

/// The settings that must not be off anywhere.
const SETTINGS: &[&str] = &["fsync", "synchronous_commit", "full_page_writes", "data_checksums"];

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let mut tally = Tally::default();
    for (setting, value) in cx.db.durability().await? {
        tally.count(format!("{setting} in use"), Found::right_if(is_durable(setting, &value)));
    }
    let scope = cx.view(cx.canary.a.workspace).await?;
    let rows = scope.rows(&statements::ROLE_SETTINGS, &[]).await?;
    scope.finish();
    let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for setting in SETTINGS {
        let weakened = stored.iter().any(|line| weakens(line, setting));
        tally.count(format!("{setting} as stored for roles"), Found::right_if(!weakened));
    }
    Ok(tally.outcome("settings keep what was acknowledged"))
}

/// `on`; for commits also the stronger forms that wait for a standby.
fn is_durable(setting: &str, value: &str) -> bool {
    value == "on" || (setting == "synchronous_commit" && matches!(value, "remote_apply" | "remote_write"))
}

/// Whether a stored line `name=value` is of this setting and not durable.
fn weakens(line: &str, setting: &str) -> bool {
    line.split_once('=').is_some_and(|(name, value)| name == setting && !is_durable(setting, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_setting_that_is_off_weakens() {
        assert!(weakens("synchronous_commit=off", "synchronous_commit"));
        assert!(weakens("synchronous_commit=local", "synchronous_commit"));
        assert!(!weakens("synchronous_commit=on", "synchronous_commit"));
        assert!(!weakens("synchronous_commit=remote_apply", "synchronous_commit"));
        assert!(!weakens("statement_timeout=5s", "fsync"));
        assert!(!is_durable("fsync", "remote_apply"));
    }
}
