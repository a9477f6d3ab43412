//! Entries: what a leaf commits to. Kept for ever, so nothing of them is personal data.
//!
//! A workspace's entry is the canonical JSON (RFC 8785) of a record's commitments:
//! `{"action":..,"class":..,"e":..,"f":[[name,digest],..],"rec":..,"ts_us":..,"v":1}`. A digest is the base64 of
//! `SHA-256("countersign/audit/v1" || 00 || name || 00 || salt[32] || value)`, one salt a field, so one field can be shown
//! without another. The deployment's entries are `{"cp":..,"v":1,"ws":..}`, a checkpoint's hash under its workspace's
//! label, `{"end":..,"v":1,"ws":..}`, the hash of the certificate of its end, `{"hb":..,"v":1}`, a sign of life in
//! microseconds since 1970, and `{"after":..,"cp":..,"restored":..,"size":..,"v":1}` with which it begins anew.

use std::fmt::Write as _;

use data_encoding::BASE64;
use seal::sha256;
use serde::Deserialize;
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
    let id = record.id.to_string();
    let named: Vec<&str> =
        FIELDS.iter().enumerate().filter(|(bit, _)| record.fields & (1 << bit) != 0).map(|(_, name)| *name).collect();
    let is_whole = rest.is_empty() && named.len() == digests.len() && record.fields >> FIELDS.len() == 0;
    let digests_of = || digests.iter().map(|digest| BASE64.encode(digest)).collect::<Vec<_>>();
    if is_whole {
        let texts = digests_of();
        let plain = Plain {
            action: &record.action,
            class: record.class.into(),
            epoch: epoch.into(),
            fields: named.iter().copied().zip(texts.iter().map(String::as_str)).collect(),
            rec: &id,
            at_us: record.at_us,
            version: 1,
        };
        if let Some(text) = plain.canonical() {
            return text;
        }
    }
    let fields: Vec<Value> = match is_whole {
        true => named.iter().zip(digests_of()).map(|(name, digest)| json!([name, digest])).collect(),
        false => {
            let all = [&record.fields.to_be_bytes(), record.digests.as_slice()].concat();
            vec![json!(["malformed", BASE64.encode(&sha256(&all))])]
        }
    };
    let entry = json!({
        "v": 1,
        "e": epoch,
        "rec": id,
        "ts_us": record.at_us,
        "action": record.action,
        "class": record.class,
        "f": fields,
    });
    // Numbers beyond 2^53 have no canonical form; the database's clock comes to none before the year 2255.
    canonical::to_string(&entry).unwrap_or_else(|_| entry.to_string())
}

/// An entry whose texts are written as they are: nearly all are. Its canonical form needs no tree of values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    action: &'a str,
    class: i64,
    #[serde(rename = "e")]
    epoch: i64,
    #[serde(rename = "f", borrow)]
    fields: Vec<(&'a str, &'a str)>,
    rec: &'a str,
    #[serde(rename = "ts_us")]
    at_us: i64,
    #[serde(rename = "v")]
    version: i64,
}

impl Plain<'_> {
    /// The canonical form: what [`canonical::to_string`] makes of it. Nothing where a text or number is not plain.
    fn canonical(&self) -> Option<String> {
        let is_plain =
            |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
        let is_exact = |number: i64| number.unsigned_abs() <= 1 << 53;
        let texts = self.fields.iter().flat_map(|(name, digest)| [*name, *digest]);
        let mut numbers = [self.class, self.epoch, self.at_us, self.version].into_iter();
        if !texts.chain([self.action, self.rec]).all(is_plain) || !numbers.all(is_exact) {
            return None;
        }
        let (action, class, epoch) = (self.action, self.class, self.epoch);
        let mut text = String::with_capacity(160 + self.fields.len() * 64);
        write!(text, r#"{{"action":"{action}","class":{class},"e":{epoch},"f":["#).ok()?;
        for (at, (name, digest)) in self.fields.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            text.extend([comma, "[\"", name, "\",\"", digest, "\"]"]);
        }
        write!(text, r#"],"rec":"{}","ts_us":{},"v":{}}}"#, self.rec, self.at_us, self.version).ok()?;
        Some(text)
    }
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
        match Self::parse_plain(bytes) {
            Some(entry) => Ok(entry),
            None => Self::parse_any(bytes),
        }
    }

    /// Reads an entry whose texts are plain, which is four times as fast; nothing where it is another one or none.
    fn parse_plain(bytes: &[u8]) -> Option<Self> {
        let plain: Plain<'_> = serde_json::from_slice(bytes).ok()?;
        if plain.version != 1 || plain.canonical()?.as_bytes() != bytes {
            return None;
        }
        Some(Self {
            epoch: plain.epoch,
            rec: plain.rec.to_owned(),
            at_us: plain.at_us,
            action: plain.action.to_owned(),
            fields: plain.fields.iter().map(|(name, digest)| field_of(name, digest)).collect::<Option<_>>()?,
        })
    }

    fn parse_any(bytes: &[u8]) -> Result<Self, EntryError> {
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
    field_of(name.as_str()?, digest.as_str()?)
}

fn field_of(name: &str, digest: &str) -> Option<(String, [u8; 32])> {
    let name = FIELDS.iter().find(|known| **known == name)?;
    Some(((*name).to_owned(), decode_base64(digest)?.try_into().ok()?))
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

/// The deployment's entry of a workspace's end: `certificate` is the text that says how.
#[must_use]
pub fn of_end(origin: &str, certificate: &str, index: u64) -> String {
    let (label, hash) = (label(origin, index), sha256(certificate.as_bytes()));
    format!(r#"{{"end":"{}","v":1,"ws":"{}"}}"#, BASE64.encode(&hash), BASE64.encode(&label))
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
    /// The end of the workspace with this label.
    End {
        /// See [`label`].
        label: [u8; 32],
        /// SHA-256 of the certificate.
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
        match (value.as_object().map(Map::len), value["hb"].as_i64(), hash("ws"), hash("cp"), hash("end")) {
            (Some(2), Some(at_us), None, None, None) => Ok(Self::Heartbeat(at_us)),
            (Some(3), None, Some(label), Some(hash), None) => Ok(Self::Checkpoint { label, hash }),
            (Some(3), None, Some(label), None, Some(hash)) => Ok(Self::End { label, hash }),
            _ => Err(EntryError("the entry is neither a checkpoint, an end nor a heartbeat")),
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

    /// The fast way and the thorough one say the same of every entry, and of everything that is nearly one.
    #[test]
    fn plain_entries_are_those_that_are_read_thoroughly() {
        let good = of_record(1, &record());
        let quoted = Commitments { action: "a\"b\\c\u{e9}".to_owned(), ..record() };
        let late = Commitments { at_us: (1 << 53) + 1, ..record() };
        for entry in [good.clone(), of_record(-7, &record()), of_record(1, &quoted), of_record(1, &late)] {
            assert_eq!(Entry::parse(entry.as_bytes()), Entry::parse_any(entry.as_bytes()), "{entry}");
        }
        let value: Value = serde_json::from_str(&good).unwrap();
        assert_eq!(canonical::to_string(&value).unwrap(), good);
        assert!(Entry::parse_plain(good.as_bytes()).is_some(), "the fast way is taken");
        for at in 0..good.len() {
            for byte in [b'"', b'\\', b'0', b'-', b',', b' ', b'}', 0x80, good.as_bytes()[at] ^ 1] {
                let mut other = good.clone().into_bytes();
                other[at] = byte;
                assert_eq!(Entry::parse(&other), Entry::parse_any(&other), "byte {at}: {byte}");
                other.insert(at, byte);
                assert_eq!(Entry::parse(&other), Entry::parse_any(&other), "byte {at}: {byte} more");
            }
            let cut = &good.as_bytes()[..at];
            assert_eq!(Entry::parse(cut), Entry::parse_any(cut), "cut at {at}");
        }
        for (from, to) in [
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"class\":1", "\"class\":01"),
            ("\"class\":1", "\"class\":-0"),
            ("\"class\":1", "\"class\":1.0"),
            ("\"f\":[", "\"f\":[[\"actor\"],"),
            ("actor", "act\\u006fr"),
            ("request.approve", "request.\u{65}\u{301}"),
        ] {
            let other = good.replace(from, to);
            assert_eq!(Entry::parse(other.as_bytes()), Entry::parse_any(other.as_bytes()), "{from} -> {to}");
        }
    }

    #[test]
    fn entries_of_the_deployment_are_read_back() {
        let entry = of_checkpoint("h/ws/1/e1", "h/ws/1/e1\n1\nroot\n", 5000);
        let read = DeploymentEntry::parse(entry.as_bytes()).unwrap();
        let expected =
            DeploymentEntry::Checkpoint { label: label("h/ws/1/e1", 4096), hash: sha256(b"h/ws/1/e1\n1\nroot\n") };
        assert_eq!(read, expected);
        assert_eq!(DeploymentEntry::parse(heartbeat(7).as_bytes()), Ok(DeploymentEntry::Heartbeat(7)));
        let end = of_end("h/ws/1/e1", "text", 9);
        let expected = DeploymentEntry::End { label: label("h/ws/1/e1", 9), hash: sha256(b"text") };
        assert_eq!(DeploymentEntry::parse(end.as_bytes()), Ok(expected));
        assert_ne!(label("h/ws/1/e1", 4095), label("h/ws/1/e1", 4096), "the next block says nothing of this one");
        assert_ne!(label("h/ws/1/e1", 0), label("h/ws/1/e2", 0));
        for bad in [
            &*end.replace("end", "cp2"),
            "{}",
            "[]",
            "{\"hb\":7}",
            "{\"hb\":7,\"v\":2}",
            "{\"hb\":7,\"v\":1,\"ws\":\"\"}",
            "{\"hb\":7, \"v\":1}",
        ] {
            assert!(DeploymentEntry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
