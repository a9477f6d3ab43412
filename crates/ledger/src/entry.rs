//! Entries: what a leaf commits to. Kept for ever, so nothing of them is personal data.
//!
//! A workspace's entry is the canonical JSON (RFC 8785) of a record's commitments:
//! `{"action":..,"class":..,"e":..,"f":[[name,digest],..],"rec":..,"ts_us":..,"v":1}`. A digest is the base64 of
//! `SHA-256("countersign/audit/v1" || 00 || name || 00 || salt[32] || value)`, one salt a field, so one field can be shown
//! without another. The deployment's entries are `{"cp":..,"v":1,"ws":..}`, a checkpoint's hash under its workspace's
//! label, `{"hb":..,"v":1}`, a sign of life in microseconds since 1970, and `{"after":..,"cp":..,"restored":..,"size":..,"v":1}`
//! with which it begins anew.

use data_encoding::BASE64;
use seal::sha256;
use serde_json::{Map, Value, json};
use tenancy::epoch::Opening;
use tenancy::erasure::PartName;
use tenancy::log::Commitments;
use tenancy::{canonical, field_digest};
use tlog::decode_base64;

use crate::epoch;

/// Fields that a record may commit to, in the order of its mask's bits.
pub const FIELDS: [&str; 6] = ["actor", "ip", "device", "target", "context", "diff"];

/// Fields of a part: what goes when the part is erased.
#[must_use]
pub fn fields_of(part: PartName) -> &'static [&'static str] {
    match part {
        PartName::Person => &FIELDS[..3],
        PartName::Period => &FIELDS[3..],
    }
}

/// Entries of the deployment's log under one label: with the next block a workspace's label is another one.
pub const LABEL_BLOCK: u64 = 4096;

const LABEL: &[u8] = b"countersign/deployment/label/v1\0";

/// Why an entry does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EntryError(pub &'static str);

/// The entry of a record.
///
/// A record whose mask and digests do not belong together, which nobody but a superuser makes, gets an entry as well, so
/// that it holds up no other: one whose only field is `malformed`, which [`Entry::parse`] refuses.
#[must_use]
pub fn of_record(epoch: i32, record: &Commitments) -> String {
    let (digests, rest) = record.digests.as_chunks::<32>();
    let named: Vec<&str> =
        FIELDS.iter().enumerate().filter(|(bit, _)| record.fields & (1 << bit) != 0).map(|(_, name)| *name).collect();
    let is_whole = rest.is_empty() && named.len() == digests.len() && record.fields >> FIELDS.len() == 0;
    let fields: Vec<Value> = match is_whole {
        true => named.iter().zip(digests).map(|(name, digest)| json!([name, BASE64.encode(digest)])).collect(),
        false => {
            let all = [&record.fields.to_be_bytes(), record.digests.as_slice()].concat();
            vec![json!(["malformed", BASE64.encode(&sha256(&all))])]
        }
    };
    let entry = json!({
        "v": 1,
        "e": epoch,
        "rec": record.id.to_string(),
        "ts_us": record.at_us,
        "action": record.action,
        "class": record.class,
        "f": fields,
    });
    // Numbers beyond 2^53 have no canonical form; the database's clock comes to none before the year 2255.
    canonical::to_string(&entry).unwrap_or_else(|_| entry.to_string())
}

/// An entry of a workspace, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Epoch of the log.
    pub epoch: i64,
    /// The record's id.
    pub rec: String,
    /// When, in microseconds since 1970.
    pub at_us: i64,
    /// The act's code.
    pub action: String,
    /// Names of the fields that are committed to, and their digests.
    pub fields: Vec<(String, [u8; 32])>,
}

impl Entry {
    /// Reads an entry; only the canonical form is one.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| EntryError("the entry is not JSON"))?;
        if canonical::to_string(&value).map(String::into_bytes).as_deref() != Ok(bytes) {
            return Err(EntryError("the entry is not in its canonical form"));
        }
        if value.as_object().map(Map::len) != Some(7) || value["v"] != 1 || !value["class"].is_i64() {
            return Err(EntryError("the entry has not the members of version 1"));
        }
        let text = |name: &str| value[name].as_str().map(str::to_owned).ok_or(EntryError("a member is no text"));
        let number = |name: &str| value[name].as_i64().ok_or(EntryError("a member is no number"));
        let fields = value["f"].as_array().ok_or(EntryError("the fields are no list"))?;
        let fields = fields.iter().map(field).collect::<Option<Vec<_>>>();
        Ok(Self {
            epoch: number("e")?,
            rec: text("rec")?,
            at_us: number("ts_us")?,
            action: text("action")?,
            fields: fields.ok_or(EntryError("a field is no pair of a known name and a digest"))?,
        })
    }

    /// Whether a field's salt and value are what the entry commits to.
    #[must_use]
    pub fn commits_to(&self, name: &str, salt: &[u8; 32], value: &str) -> bool {
        self.fields.iter().any(|(known, digest)| known == name && *digest == field_digest(name, salt, value.as_bytes()))
    }
}

fn field(pair: &Value) -> Option<(String, [u8; 32])> {
    let [name, digest] = pair.as_array()?.as_slice() else { return None };
    let name = name.as_str().filter(|name| FIELDS.contains(name))?;
    let digest = decode_base64(digest.as_str()?)?;
    Some((name.to_owned(), digest.try_into().ok()?))
}

/// The label under which a workspace's checkpoints stand in a block of the deployment's log: whoever knows the origin
/// computes it, and to anybody else two blocks say nothing of each other.
#[must_use]
pub fn label(origin: &str, index: u64) -> [u8; 32] {
    sha256(&[LABEL, origin.as_bytes(), &[0], &(index / LABEL_BLOCK).to_be_bytes()].concat())
}

/// The deployment's entry of a checkpoint: `text` is the note's text, `index` the entry's own.
#[must_use]
pub fn of_checkpoint(origin: &str, text: &str, index: u64) -> String {
    let (label, hash) = (label(origin, index), sha256(text.as_bytes()));
    format!(r#"{{"cp":"{}","v":1,"ws":"{}"}}"#, BASE64.encode(&hash), BASE64.encode(&label))
}

/// The entry with which the deployment's log begins anew: the checkpoint that was published last of the epoch before, by
/// its hash and leaves, as far as it is known. `origin` is the log's name in an earlier epoch.
#[must_use]
pub fn opening(origin: &str, opening: &Opening) -> String {
    let previous = opening.published.map(|known| known.epoch).max(opening.previous).unwrap_or(0);
    match epoch::published_text(origin, opening) {
        Some((size, text)) => {
            let hash = BASE64.encode(&sha256(text.as_bytes()));
            format!(r#"{{"after":{previous},"cp":"{hash}","restored":{},"size":{size},"v":1}}"#, opening.restored)
        }
        None => format!(r#"{{"after":{previous},"restored":{},"v":1}}"#, opening.restored),
    }
}

/// The deployment's sign of life.
#[must_use]
pub fn heartbeat(now_us: i64) -> String {
    format!(r#"{{"hb":{now_us},"v":1}}"#)
}

/// An entry of the deployment's log, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentEntry {
    /// A checkpoint of the workspace with this label.
    Checkpoint {
        /// See [`label`].
        label: [u8; 32],
        /// SHA-256 of the checkpoint's text.
        hash: [u8; 32],
    },
    /// A sign of life, in microseconds since 1970.
    Heartbeat(i64),
    /// The log began anew here.
    Opening {
        /// The epoch before.
        after: i64,
        /// SHA-256 of the checkpoint that was published last in it, and its entries, where they are known.
        published: Option<([u8; 32], u64)>,
        /// Entries that were left of it.
        restored: u64,
    },
}

impl DeploymentEntry {
    /// Reads an entry; only the canonical form is one.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| EntryError("the entry is not JSON"))?;
        if canonical::to_string(&value).map(String::into_bytes).as_deref() != Ok(bytes) || value["v"] != 1 {
            return Err(EntryError("the entry is not in its canonical form"));
        }
        let hash = |name: &str| {
            let bytes = value[name].as_str().and_then(decode_base64);
            bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        };
        if let (Some(after), Some(restored)) = (value["after"].as_i64(), value["restored"].as_u64()) {
            let published = hash("cp").zip(value["size"].as_u64());
            let members = if published.is_some() { 5 } else { 3 };
            return match value.as_object().map(Map::len) == Some(members) {
                true => Ok(Self::Opening { after, published, restored }),
                false => Err(EntryError("the entry is no opening")),
            };
        }
        match (value.as_object().map(Map::len), value["hb"].as_i64(), hash("ws"), hash("cp")) {
            (Some(2), Some(at_us), None, None) => Ok(Self::Heartbeat(at_us)),
            (Some(3), None, Some(label), Some(hash)) => Ok(Self::Checkpoint { label, hash }),
            _ => Err(EntryError("the entry is neither a checkpoint nor a heartbeat")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy::{RecordId, WorkspaceId};

    fn record() -> Commitments {
        Commitments {
            workspace: WorkspaceId::random(),
            order: 7,
            id: "01890000-0000-7000-8000-000000000001".parse::<RecordId>().unwrap(),
            at_us: 1_790_000_000_046_666,
            action: "request.approve".to_owned(),
            class: 1,
            fields: 0b1001,
            digests: [[1; 32], [2; 32]].concat(),
        }
    }

    #[test]
    fn an_entry_has_the_bytes_of_the_format() {
        let entry = of_record(1, &record());
        assert_eq!(
            entry,
            "{\"action\":\"request.approve\",\"class\":1,\"e\":1,\"f\":[[\"actor\",\
             \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"],[\"target\",\
             \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"]],\
             \"rec\":\"01890000-0000-7000-8000-000000000001\",\"ts_us\":1790000000046666,\"v\":1}"
        );
        let read = Entry::parse(entry.as_bytes()).unwrap();
        assert_eq!((read.epoch, read.at_us, read.fields.len()), (1, 1_790_000_000_046_666, 2));
    }

    #[test]
    fn a_field_is_shown_by_its_salt_and_value() {
        let mut shown = record();
        shown.fields = 0b1;
        shown.digests = field_digest("actor", &[7; 32], b"\"x\"").to_vec();
        let entry = Entry::parse(of_record(1, &shown).as_bytes()).unwrap();
        assert!(entry.commits_to("actor", &[7; 32], "\"x\""));
        for (name, salt, value) in [("ip", 7, "\"x\""), ("actor", 8, "\"x\""), ("actor", 7, "\"y\"")] {
            assert!(!entry.commits_to(name, &[salt; 32], value), "{name} {salt} {value}");
        }
    }

    #[test]
    fn records_and_entries_that_are_none_are_refused() {
        for (fields, digests) in [(0b1001, 1), (0b1, 2), (1 << 6, 1), (-1, 6)] {
            let bad = Commitments { fields, digests: vec![0; digests * 32], ..record() };
            assert!(Entry::parse(of_record(1, &bad).as_bytes()).is_err(), "{fields} {digests}");
        }
        let cut = Commitments { digests: vec![0; 63], ..record() };
        assert!(Entry::parse(of_record(1, &cut).as_bytes()).is_err());
        let good = of_record(1, &record());
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"e\":1", "\"e\": 1"),
            ("\"class\":1,", ""),
            ("\"actor\"", "\"name\""),
            ("AQEB", "AQE"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
        ] {
            assert!(Entry::parse(good.replace(from, to).as_bytes()).is_err(), "{from} -> {to}");
        }
        assert!(Entry::parse(b"\xff").is_err());
        assert!(Entry::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn entries_of_the_deployment_are_read_back() {
        let entry = of_checkpoint("h/ws/1/e1", "h/ws/1/e1\n1\nroot\n", 5000);
        let read = DeploymentEntry::parse(entry.as_bytes()).unwrap();
        let expected =
            DeploymentEntry::Checkpoint { label: label("h/ws/1/e1", 4096), hash: sha256(b"h/ws/1/e1\n1\nroot\n") };
        assert_eq!(read, expected);
        assert_eq!(DeploymentEntry::parse(heartbeat(7).as_bytes()), Ok(DeploymentEntry::Heartbeat(7)));
        assert_ne!(label("h/ws/1/e1", 4095), label("h/ws/1/e1", 4096), "the next block says nothing of this one");
        assert_ne!(label("h/ws/1/e1", 0), label("h/ws/1/e2", 0));
        for bad in
            ["{}", "[]", "{\"hb\":7}", "{\"hb\":7,\"v\":2}", "{\"hb\":7,\"v\":1,\"ws\":\"\"}", "{\"hb\":7, \"v\":1}"]
        {
            assert!(DeploymentEntry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
