//! After the kills: the whole workspace is read over the API and compared with what was
//! acknowledged, with the audit list, and with the mails that left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::Failure;
use crate::api::Api;

use super::clients::{Ledger, People};

/// Most requests that a campaign looks at.
const REQUESTS_MAX: usize = 500_000;

/// Longest wait for the workers to deliver what is due.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// What the audit saw.
#[derive(Default)]
pub(super) struct Found {
    pub(super) requests: usize,
    /// Acts that the requests' states show.
    pub(super) acts: usize,
    /// Records of such acts.
    pub(super) records: usize,
    pub(super) mails: usize,
    /// Each in words.
    pub(super) faults: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn audit(base: &str, people: &People, ledger: &Ledger, temporary: &Path) -> Result<Found, Failure> {
    let api = super::api(base)?;
    let mut found = Found::default();
    let states = states(&api, &people.employee).await?;
    found.requests = states.len();
    for (id, approved) in &ledger.approved {
        match states.get(id).map(String::as_str) {
            None => found.faults.push(format!("{id}: acknowledged and gone")),
            Some("approved") => {}
            Some(state) if *approved => {
                found.faults.push(format!("{id}: its approval was acknowledged, and it is {state}"));
            }
            Some(_) => {}
        }
    }
    for (id, state) in &states {
        let acts = if state == "approved" { 2 } else { 1 };
        let records = records(&api, &people.auditor, id).await?;
        found.acts += acts;
        found.records += records.len();
        let distinct: BTreeSet<&String> = records.iter().collect();
        if records.len() != acts || distinct.len() != acts {
            found.faults.push(format!("{id}: {acts} acts, records {records:?}"));
        }
    }
    mails(temporary, &mut found).await?;
    Ok(found)
}

/// Every request of the employee with its state, page by page.
async fn states(api: &Api, token: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut states = BTreeMap::new();
    let mut path = "/api/v1/requests?limit=200".to_owned();
    while states.len() < REQUESTS_MAX {
        let page = api.get(&path, token).await?.expect(&[200])?;
        for item in page.items() {
            let word = |name: &str| {
                let word = item[name].as_str().ok_or_else(|| format!("an item without {name}"));
                word.map(str::to_owned)
            };
            states.insert(word("id")?, word("state")?);
        }
        match page.body["next"].as_str() {
            None => return Ok(states),
            Some(next) if next.starts_with('/') => path = next.to_owned(),
            Some(next) => path = format!("/api/v1/requests?limit=200&cursor={next}"),
        }
    }
    Err(format!("more than {REQUESTS_MAX} requests").into())
}

/// The actions of the records of one request.
async fn records(api: &Api, token: &str, id: &str) -> Result<Vec<String>, Failure> {
    let path = format!("/api/v1/audit-events?request={id}&limit=200");
    let page = api.get(&path, token).await?.expect(&[200])?;
    Ok(page.items().iter().map(action).collect())
}

fn action(record: &Value) -> String {
    record["action"].as_str().unwrap_or("a record without action").to_owned()
}

/// Mails of the file outbox: none twice, none twice to the same person about the same thing.
async fn mails(temporary: &Path, found: &mut Found) -> Result<(), Failure> {
    let begin = std::time::Instant::now();
    let mut before = usize::MAX;
    while begin.elapsed() < SETTLE_MAX {
        let now = files(temporary)?.len();
        if now == before {
            break;
        }
        before = now;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let mut seen = BTreeMap::new();
    for path in files(temporary)? {
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let name = path.display().to_string();
        found.mails += 1;
        match message_id(&text) {
            None => found.faults.push(format!("{name}: a mail without Message-ID")),
            Some(id) => {
                if let Some(other) = seen.insert(id.to_owned(), name.clone()) {
                    found.faults.push(format!("{name}: the same mail as {other}"));
                }
            }
        }
    }
    Ok(())
}

/// Letters in the folders that servers wrote mail to.
fn files(temporary: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for folder in listed(temporary)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("countersign-mail-") {
            files.extend(listed(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "eml")));
        }
    }
    files.sort();
    Ok(files)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries: Result<Vec<PathBuf>, std::io::Error> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    Ok(entries?)
}

/// The header's value, among the lines before the first blank one.
fn message_id(mail: &str) -> Option<&str> {
    mail.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("message-id"))
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn the_id_is_read_from_the_header_alone() {
        assert_eq!(message_id("To: a\r\nMessage-Id: <1@x>\r\n\r\nhello"), Some("<1@x>"));
        assert_eq!(message_id("To: a\r\n\r\nMessage-ID: <1@x>\r\n"), None);
    }
}
