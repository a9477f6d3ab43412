//! Parts that are gone, judged by the records of their erasure.
//!
//! A record of the act `audit.erased` names the keys that were destroyed, and by count and digest the records that lost
//! what these had sealed. What is gone must be just that: a part that somebody removed by hand is in no such set, and one
//! that was put back makes the set too small.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tenancy::RecordId;
use tenancy::erasure::{self, Order, PartName};
use tenancy::leaves::{LeafRecord, Part};
use tenancy::policy::{Action as _, EraseParts};

/// Most keys of one record of erasure.
const KEYS_MAX: usize = 64;

/// What is gone, and what was said about it.
#[derive(Debug, Default)]
pub(crate) struct Erased {
    gone: BTreeMap<(PartName, u32), BTreeSet<RecordId>>,
    /// Parts that are there and do not open: how many, and the first.
    closed: BTreeMap<(PartName, u32), (u64, RecordId)>,
    /// By the first key: of several records of one order the last one counts, for it speaks of all.
    said: BTreeMap<(PartName, u32), Statement>,
}

/// What a record of erasure says.
#[derive(Debug)]
struct Statement {
    index: u64,
    keys: Vec<u32>,
    total: u64,
    digest: String,
}

/// What is wrong with a set of parts that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unexplained {
    /// The part.
    pub(crate) part: PartName,
    /// Keys that sealed it.
    pub(crate) keys: Vec<u32>,
    /// How many parts it is about.
    pub(crate) count: u64,
    /// In words.
    pub(crate) why: String,
}

impl Erased {
    /// Notes that a record's part, which this key sealed, is not there.
    pub(crate) fn miss(&mut self, part: PartName, key: u32, record: RecordId) {
        self.gone.entry((part, key)).or_default().insert(record);
    }

    /// Notes what is gone of a record, and what it says if it is a record of erasure.
    ///
    /// # Errors
    /// As [`Erased::read`].
    pub(crate) fn note(&mut self, index: u64, record: &LeafRecord) -> Result<(), String> {
        for (name, key, part) in record.parts() {
            match part {
                Part::Opened(_) => {}
                Part::Gone => self.miss(name, key, record.committed.id),
                Part::Closed => self.closed.entry((name, key)).or_insert((0, record.committed.id)).0 += 1,
            }
        }
        self.read(index, &record.committed.action, record.value("context"))
    }

    /// Reads a record's context, if its act is an erasure and its leaf commits to it.
    ///
    /// # Errors
    /// In words, when it is an erasure and does not say what.
    pub(crate) fn read(&mut self, index: u64, action: &str, context: Option<&str>) -> Result<(), String> {
        if action != EraseParts::CODE {
            return Ok(());
        }
        let context = context.ok_or("it is an erasure and does not show of what")?;
        let value: Value = serde_json::from_str(context).map_err(|_| "its context is not JSON")?;
        let statement = Statement::read(index, &value).ok_or("it is an erasure and does not say of what")?;
        let (part, statement) = statement;
        let first = statement.keys[0];
        self.said.insert((part, first), statement);
        Ok(())
    }

    /// Judges what is gone: how many parts are, each explained, and what nothing explains.
    pub(crate) fn judge(mut self) -> (u64, Vec<Unexplained>) {
        let (mut explained, mut wrong) = (0, Vec::new());
        for ((part, _), statement) in self.said {
            let sets = statement.keys.iter().filter_map(|key| self.gone.remove(&(part, *key)));
            let gone: BTreeSet<RecordId> = sets.flatten().collect();
            let count = gone.len() as u64;
            let digest = data_encoding::HEXLOWER.encode(&erasure::digest_of(gone.iter()));
            if count == statement.total && digest == statement.digest {
                explained += count;
                continue;
            }
            let (part_word, index, total) = (part.word(), statement.index, statement.total);
            let why = format!(
                "{count} records miss their {part_word} part, and the erasure of leaf {index} is of {total} others"
            );
            wrong.push(Unexplained { part, keys: statement.keys, count: count.max(1), why });
        }
        for ((part, key), gone) in self.gone {
            let (count, first) = (gone.len() as u64, gone.first().map(RecordId::to_string).unwrap_or_default());
            let why = format!(
                "{count} records miss their {} part and no erasure says why, the first is {first}",
                part.word()
            );
            wrong.push(Unexplained { part, keys: vec![key], count, why });
        }
        for ((part, key), (count, first)) in self.closed {
            let why = format!("the {} part of {count} records does not open, the first is {first}", part.word());
            wrong.push(Unexplained { part, keys: vec![key], count, why });
        }
        (explained, wrong)
    }
}

impl Unexplained {
    /// Whether an order of these is of it and was not carried out before this time: what it clears is not in the log yet.
    pub(crate) fn is_under_way(&self, orders: &[Order], since: Timestamp) -> bool {
        let is_of = |order: &&Order| order.part == self.part && self.keys.iter().any(|key| order.keys.contains(key));
        orders.iter().filter(is_of).any(|order| order.erased_at.is_none_or(|at| at >= since))
    }
}

impl Statement {
    fn read(index: u64, context: &Value) -> Option<(PartName, Self)> {
        let part = PartName::from_word(context["part"].as_str()?)?;
        let keys = context["keys"].as_array()?.iter().map(|key| u32::try_from(key.as_u64()?).ok());
        let keys: Vec<u32> = keys.collect::<Option<_>>()?;
        let is_some = (1..=KEYS_MAX).contains(&keys.len());
        let statement =
            Self { index, keys, total: context["total"].as_u64()?, digest: context["digest"].as_str()?.to_owned() };
        is_some.then_some((part, statement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(keys: &[u32], records: &[RecordId]) -> String {
        let sorted: BTreeSet<&RecordId> = records.iter().collect();
        let digest = data_encoding::HEXLOWER.encode(&erasure::digest_of(sorted.into_iter()));
        json!({"part": "person", "keys": keys, "total": records.len(), "digest": digest}).to_string()
    }

    fn three() -> [RecordId; 3] {
        [(); 3].map(|()| RecordId::random())
    }

    #[test]
    fn parts_that_an_erasure_names_are_explained_in_any_order() {
        let [a, b, c] = three();
        let mut erased = Erased::default();
        for (key, record) in [(7, c), (7, a), (9, b)] {
            erased.miss(PartName::Person, key, record);
        }
        erased.read(1, "audit.erased", Some(&said(&[7, 9], &[a, b]))).unwrap();
        erased.read(2, "request.approve", None).unwrap();
        erased.read(3, "audit.erased", Some(&said(&[7, 9], &[a, b, c]))).unwrap();
        assert_eq!(erased.judge(), (3, Vec::new()), "the later one speaks of all");
    }

    #[test]
    fn one_more_one_less_and_another_are_not_explained() {
        let [a, b, c] = three();
        for (gone, named) in [(vec![a, b, c], vec![a, b]), (vec![a], vec![a, b]), (vec![a, c], vec![a, b])] {
            let mut erased = Erased::default();
            gone.iter().for_each(|record| erased.miss(PartName::Person, 7, *record));
            erased.read(5, "audit.erased", Some(&said(&[7], &named))).unwrap();
            let (explained, wrong) = erased.judge();
            assert_eq!((explained, wrong.len()), (0, 1), "{gone:?} {named:?}");
        }
        let mut other = Erased::default();
        other.miss(PartName::Period, 7, a);
        other.read(5, "audit.erased", Some(&said(&[7], &[a]))).unwrap();
        assert_eq!(other.judge().1.len(), 2, "another part is another's");
    }

    #[test]
    fn without_an_erasure_nothing_may_be_gone_and_nothing_gone_is_well() {
        let mut erased = Erased::default();
        assert_eq!(Erased::default().judge(), (0, Vec::new()));
        erased.miss(PartName::Person, 7, RecordId::random());
        assert_eq!(erased.judge().1.len(), 1);
    }

    #[test]
    fn an_erasure_that_does_not_say_of_what_is_refused() {
        let good = said(&[7], &[]);
        for bad in [
            None,
            Some("{"),
            Some("{}"),
            Some(&*good.replace("[7]", "[]")),
            Some(&*good.replace("[7]", "[-1]")),
            Some(&*good.replace("person", "device")),
            Some(&*good.replace("total", "count")),
        ] {
            assert!(Erased::default().read(1, "audit.erased", bad).is_err(), "{bad:?}");
        }
        let keys: Vec<u32> = (0..65).collect();
        assert!(Erased::default().read(1, "audit.erased", Some(&said(&keys, &[]))).is_err());
        assert!(Erased::default().read(1, "audit.erased", Some(&said(&keys[..64], &[]))).is_ok());
    }
}
