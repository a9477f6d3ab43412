//! Records of the audit trail: what was done, by whom, from where, and commitments to it.
//!
//! The row that can never be deleted holds salted digests only; the values live in a sealed payload in two parts, so
//! that a person's or a period's data can be erased while every digest stays as it was.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use seal::{Purpose, WorkspaceKeys, columns};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::policy::{
    Action as _, CancelEnd, CloseWorkspace, EraseParts, EraseWorkspace, OpenEpoch, OrderEnd, OrderErasure, ShredKeys,
    ShredWorkspace,
};
use crate::{Actor, Error, Origin, PersonId, RecordId, canonical, faults};

/// Most characters of one value in `context` or `diff`.
const VALUE_CHARS_MAX: usize = 500;
/// Most keys of `context`.
const CONTEXT_KEYS_MAX: usize = 50;
/// Domain separation of a field's digest.
const DIGEST_LABEL: &[u8] = b"countersign/audit/v1\0";

/// What an act adds to its record, beside what the scope knows by itself.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The id the act is about; lists filter by it.
    pub target: Option<Uuid>,
    /// Facts of the act: ids, numbers, hashes, short texts. At most 50 keys.
    pub context: serde_json::Map<String, Value>,
    /// What changed, before and after.
    pub diff: Option<Value>,
    /// Whose address and device the record holds, where the actor is nobody yet: it is sealed under this person's key.
    pub of: Option<PersonId>,
}

impl Record {
    /// A record about one target.
    #[must_use]
    pub fn about(target: Uuid) -> Self {
        Self { target: Some(target), ..Self::default() }
    }
    /// Says whose address and device these are, where the actor is nobody yet: they go with this person's data.
    #[must_use]
    pub fn of(self, person: PersonId) -> Self {
        Self { of: Some(person), ..self }
    }
    /// Adds a fact; texts are cut to 500 characters.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(text.chars().take(VALUE_CHARS_MAX).collect()),
            other => other,
        };
        if self.context.len() < CONTEXT_KEYS_MAX {
            self.context.insert(key.to_owned(), value);
        }
        self
    }
    /// Says what changed.
    #[must_use]
    pub fn changing(mut self, before: Value, after: Value) -> Self {
        self.diff = Some(json!({"before": before, "after": after}));
        self
    }
}

/// Retention class of a record. Classes get their own clocks with retention.
pub(crate) const CLASS: i16 = 1;
/// Class of what says why something is missing: no month takes it along.
const KEPT_CLASS: i16 = 2;

/// The class of an act's record.
pub(crate) fn class_of(code: &str) -> i16 {
    let of_parts = [OrderErasure::CODE, ShredKeys::CODE, EraseParts::CODE, OpenEpoch::CODE];
    let of_workspaces =
        [OrderEnd::CODE, CancelEnd::CODE, CloseWorkspace::CODE, ShredWorkspace::CODE, EraseWorkspace::CODE];
    if of_parts.contains(&code) || of_workspaces.contains(&code) { KEPT_CLASS } else { CLASS }
}

/// A record with everything the scope adds, ready to be sealed.
pub(crate) struct Entry {
    pub(crate) id: RecordId,
    pub(crate) code: &'static str,
    pub(crate) record: Record,
}

/// The columns of a record and its payload.
pub(crate) struct Rows {
    pub(crate) fields: i16,
    pub(crate) digests: Vec<u8>,
    pub(crate) period_part: Vec<u8>,
    pub(crate) person_part: Vec<u8>,
}

/// The subject under which a class and month's key is kept: `class u16 || year u16 || month u8`, then zeros.
pub(crate) fn period_subject(class: i16, now: Timestamp) -> [u8; 16] {
    period_of(class, now.to_zoned(TimeZone::UTC).date())
}

/// The same, of the month of a day.
pub(crate) fn period_of(class: i16, day: Date) -> [u8; 16] {
    let mut subject = [0; 16];
    subject[..2].copy_from_slice(&class.to_be_bytes());
    subject[2..4].copy_from_slice(&day.year().to_be_bytes());
    subject[4] = day.month().unsigned_abs();
    subject
}

/// The month of such a subject, as `2026-09`.
pub(crate) fn month_of(subject: [u8; 16]) -> String {
    format!("{:04}-{:02}", i16::from_be_bytes([subject[2], subject[3]]), subject[4])
}

/// Builds digests and sealed parts of one record.
pub(crate) fn rows(
    keys: &WorkspaceKeys,
    entry: &Entry,
    actor: Actor,
    origin: &Origin,
    key_numbers: KeyNumbers,
) -> Result<Rows, Error> {
    let actor_value = match actor {
        Actor::Person(id) => json!({"kind": "person", "id": id.to_string()}),
        other => json!({"kind": other.kind()}),
    };
    let ip = origin.ip.map_or_else(|| Value::String("internal".to_owned()), |ip| Value::String(ip.to_string()));
    let mut context = entry.record.context.clone();
    context.insert("channel".to_owned(), Value::String(origin.channel.word().to_owned()));
    let target = entry.record.target.map_or(Value::Null, |id| Value::String(id.to_string()));
    let diff = entry.record.diff.clone();
    let mut digests = Vec::with_capacity(6 * 32);
    let mut fields = 0_i16;
    let mut seal_part = |named: &[(&str, Option<Value>, i16)]| -> Result<Vec<u8>, Error> {
        let mut part = serde_json::Map::new();
        for (name, value, bit) in named {
            let Some(value) = value else { continue };
            let salt: [u8; 32] = seal::random();
            let text = canonical::to_string(value).map_err(|_| Error::Integrity("a record holds no canonical JSON"))?;
            digests.extend_from_slice(&field_digest(name, &salt, text.as_bytes()));
            fields |= bit;
            let salt = data_encoding::BASE64.encode(&salt);
            part.insert((*name).to_owned(), json!({"salt": salt, "value": value}));
        }
        Ok(Value::Object(part).to_string().into_bytes())
    };
    let is_blank = faults::on("record-without-context");
    let device = Value::String(origin.device.clone());
    let person = seal_part(&[
        ("actor", Some(actor_value), 1),
        ("ip", Some(ip).filter(|_| !is_blank), 2),
        ("device", Some(device).filter(|_| !is_blank), 4),
    ])?;
    let period =
        seal_part(&[("target", Some(target), 8), ("context", Some(Value::Object(context)), 16), ("diff", diff, 32)])?;
    let row = entry.id.bytes();
    Ok(Rows {
        fields,
        digests,
        period_part: keys.seal_under::<columns::AuditPeriodPart>(key_numbers.period, row, &period)?.into_bytes(),
        person_part: keys.seal_under::<columns::AuditPersonPart>(key_numbers.person, row, &person)?.into_bytes(),
    })
}

/// Which keys seal the two parts of a payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyNumbers {
    pub(crate) period: u32,
    pub(crate) person: u32,
}

/// The commitment to a field: `SHA-256("countersign/audit/v1" || 00 || name || 00 || salt || value)`. It binds the plain value
/// in its canonical form; with a salt a field, one can be shown or erased without another.
#[must_use]
pub fn field_digest(name: &str, salt: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let mut message = Vec::with_capacity(DIGEST_LABEL.len() + name.len() + 1 + 32 + value.len());
    message.extend_from_slice(DIGEST_LABEL);
    message.extend_from_slice(name.as_bytes());
    message.push(0);
    message.extend_from_slice(salt);
    message.extend_from_slice(value);
    seal::sha256(&message)
}

/// The purpose of the keys that seal what a person did.
pub(crate) const PERSON_PURPOSE: Purpose = Purpose::AuditPerson;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_the_context_is_cut_at_its_bound() {
        let record = Record::default().with("note", "x".repeat(VALUE_CHARS_MAX + 1));
        assert_eq!(record.context["note"].as_str().unwrap().len(), VALUE_CHARS_MAX);
        let full = (0..=CONTEXT_KEYS_MAX).fold(Record::default(), |record, n| record.with(&format!("k{n}"), n));
        assert_eq!(full.context.len(), CONTEXT_KEYS_MAX);
    }

    #[test]
    fn the_name_and_the_salt_cannot_run_into_each_other() {
        assert_ne!(field_digest("ip", &[0; 32], b""), field_digest("i", &[b'p'; 32], b""));
        assert_ne!(field_digest("ip", &[0; 32], b"a"), field_digest("ip", &[1; 32], b"a"));
    }

    #[test]
    fn each_month_has_a_period_of_its_own() {
        let november: Timestamp = "2026-11-30T23:59:59Z".parse().unwrap();
        let december: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_ne!(period_subject(CLASS, november), period_subject(CLASS, december));
        assert_ne!(period_subject(CLASS, november), period_subject(KEPT_CLASS, november));
    }
}
