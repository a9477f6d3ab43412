//! Earlier epochs of a log, recomputed from the entries of the newest.
//!
//! A log that began anew tells every surviving record again, in the order of before, behind a record that says how the epoch
//! before ended. Nothing but the epoch's number differs in an entry, so whoever kept a checkpoint of an earlier epoch
//! recomputes what it was of. What it was of and is not there is lost, and must be what the opening says.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenancy::policy::{Action as _, OpenEpoch};
use tlog::{Checkpoint, Frontier, Hash, decode_base64, leaf_hash};

use crate::entry::Entry;
use crate::succession::log_of;

/// Most epochs of a log that a verification goes back.
pub const EPOCHS_MAX: usize = 100;

/// What the record that opened an epoch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The epoch.
    pub epoch: i64,
    /// `restored` or `ordered`.
    pub why: String,
    /// The epoch whose order is kept, and the leaves that it had; no epoch where none was left.
    pub restored: (Option<i64>, u64),
    /// Root of these leaves.
    root: Option<Hash>,
    /// Leaves whose record was not what they said when it was told again.
    pub differ: u64,
    /// Epoch, leaves and root that were published last, where that is known.
    pub published: Option<(i64, u64, Hash)>,
}

impl Opened {
    /// Reads the context of a record; nothing for one that does not read.
    #[must_use]
    pub fn read(context: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(context).ok()?;
        let hash = |value: &Value| decode_base64(value.as_str()?)?.try_into().ok().map(Hash);
        let (restored, published) = (&value["restored"], &value["published"]);
        let published = match published {
            Value::Null => None,
            known => Some((known["epoch"].as_i64()?, known["size"].as_u64()?, hash(&known["root"])?)),
        };
        Some(Self {
            epoch: value["epoch"].as_i64()?,
            why: value["why"].as_str()?.to_owned(),
            restored: (restored["epoch"].as_i64(), restored["size"].as_u64()?),
            root: hash(&restored["root"]),
            differ: restored["differ"].as_u64().unwrap_or(0),
            published,
        })
    }

    /// Records that were published and are lost; nothing where it is not known what was published.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        self.published.map(|(_, size, _)| size.saturating_sub(self.restored.1))
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "epoch": self.epoch,
            "why": self.why,
            "restored": self.restored.1,
            "published": self.published.map(|(_, size, _)| size),
            "lost": self.lost(),
            "differ": self.differ,
        })
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let why = if self.why == "ordered" { "the operator ordered it" } else { "the database was put back" };
        let lost = match self.lost() {
            Some(0) => "no record that was published is lost".to_owned(),
            Some(lost) => format!("{lost} records that were published are LOST"),
            None => "it is not known how many records that were published are LOST".to_owned(),
        };
        let mut words = format!(
            "the log began anew as epoch {} because {why}; {} records of before are told again, and {lost}",
            self.epoch, self.restored.1
        );
        if self.differ > 0 {
            words.push_str(&format!("; {} of before were NOT what their leaves said", self.differ));
        }
        words
    }
}

/// A checkpoint of an earlier epoch that somebody kept, against what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptEarlier {
    /// Its epoch.
    pub epoch: i64,
    /// Its leaves.
    pub size: u64,
    /// How many of these are lost, as the record that opened the next epoch says, or cannot say.
    pub lost: u64,
}

/// A tree of an earlier epoch that is recomputed: behind so many openings, up to so many leaves.
#[derive(Debug)]
struct Tree {
    behind: u64,
    limit: u64,
    root: Option<Hash>,
    differ: u64,
    frontier: Frontier,
}

/// The earlier epochs of a log, while its entries are read.
#[derive(Debug)]
pub(crate) struct Earlier {
    epoch: i64,
    opened: Vec<Opened>,
    trees: BTreeMap<i64, Tree>,
    kept: Vec<(i64, Checkpoint)>,
    held: Vec<KeptEarlier>,
}

impl Earlier {
    /// Of a log that the newest checkpoint is of, with the checkpoints that were kept of other epochs; the others are
    /// given back.
    ///
    /// # Errors
    /// In words, when one is of another log or of a later epoch.
    pub(crate) fn of(newest: &Checkpoint, kept: Vec<Checkpoint>) -> Result<(Self, Vec<Checkpoint>), String> {
        let (log, epoch) = log_of(&newest.origin).unwrap_or((&newest.origin, 1));
        let mut earlier =
            Self { epoch, opened: Vec::new(), trees: BTreeMap::new(), kept: Vec::new(), held: Vec::new() };
        let mut same = Vec::new();
        for one in kept {
            match log_of(&one.origin) {
                _ if one.origin == newest.origin => same.push(one),
                Some((of, before)) if of == log && before < epoch => earlier.kept.push((before, one)),
                _ => return Err(format!("the kept checkpoint is of {}", one.origin)),
            }
        }
        for (before, one) in earlier.kept.extract_if(.., |(_, one)| one.size == 0) {
            earlier.held.push(KeptEarlier { epoch: before, size: one.size, lost: 0 });
        }
        Ok((earlier, same))
    }

    /// Reads an entry of the newest epoch, with the context that its record shows.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn read(
        &mut self,
        index: u64,
        bytes: &[u8],
        entry: &Entry,
        context: Option<&str>,
    ) -> Result<(), String> {
        if entry.epoch != self.epoch {
            return Err(format!("it is of epoch {} in a log of epoch {}", entry.epoch, self.epoch));
        }
        let depth = self.opened.len() as u64;
        if index == depth && entry.action == OpenEpoch::CODE && self.opened.len() < EPOCHS_MAX {
            self.open(depth, context)?;
        }
        let Self { trees, kept, held, .. } = self;
        for (epoch, tree) in trees {
            if index < tree.behind || tree.frontier.size() >= tree.limit {
                continue;
            }
            let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
            let before = text.replacen(&format!(",\"e\":{},", self.epoch), &format!(",\"e\":{epoch},"), 1);
            tree.frontier.append(leaf_hash(before.as_bytes()), |_, _, _| {});
            tree.pass(*epoch, kept, held)?;
        }
        Ok(())
    }

    /// What the opening of the next epoch back says; one that is not of the epoch that the one before names is an ordinary
    /// record.
    fn open(&mut self, depth: u64, context: Option<&str>) -> Result<(), String> {
        let opened = context.and_then(Opened::read).ok_or("it opens an epoch and does not show how")?;
        let expected = self.opened.last().map_or(Some(self.epoch), |later| later.restored.0);
        if Some(opened.epoch) != expected {
            return if depth == 0 { Err("it opens another epoch than the log's".to_owned()) } else { Ok(()) };
        }
        if let (Some(before), limit) = opened.restored
            && before < opened.epoch
        {
            let (root, differ) = (opened.root, opened.differ);
            let tree = Tree { behind: depth + 1, limit, root, differ, frontier: Frontier::new() };
            self.trees.insert(before, tree);
        }
        self.opened.push(opened);
        Ok(())
    }

    /// Every kept checkpoint is of what is there, or of what the openings say is lost.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn end(mut self) -> Result<(Vec<Opened>, Vec<KeptEarlier>), String> {
        for (before, tree) in &self.trees {
            if tree.frontier.size() < tree.limit && tree.differ == 0 {
                let (told, limit) = (tree.frontier.size(), tree.limit);
                return Err(format!(
                    "its opening says that {limit} records of epoch {before} were left, and {told} are told"
                ));
            }
        }
        for (epoch, kept) in std::mem::take(&mut self.kept) {
            let lost = self.lost(epoch, &kept)?;
            self.held.push(KeptEarlier { epoch, size: kept.size, lost });
        }
        Ok((self.opened, self.held))
    }

    /// How many leaves of a checkpoint that reaches further than what is there are lost, if the openings agree.
    fn lost(&self, epoch: i64, kept: &Checkpoint) -> Result<u64, String> {
        let size = kept.size;
        let ends =
            |opened: &&Opened| opened.published.map_or(opened.restored.0, |(last, ..)| Some(last)) >= Some(epoch);
        let ended = self.opened.iter().rev().find(|opened| ends(opened) || opened.restored.0 == Some(epoch));
        let ended = ended.ok_or_else(|| {
            format!("a checkpoint of {size} records of epoch {epoch} was kept, and the log does not say how that epoch ended")
        })?;
        let left = self.trees.get(&epoch).map_or(0, |tree| tree.limit);
        match ended.published {
            Some((last, published, _)) if last == epoch && published < size => Err(format!(
                "a checkpoint of {size} records of epoch {epoch} was kept, the record that opens epoch {} says that {published} \
                 were published: more is lost than it says",
                ended.epoch
            )),
            Some((last, published, root)) if last == epoch && published == size && root != kept.root => Err(format!(
                "the checkpoint of {size} records of epoch {epoch} that was kept is of another history than the one that the \
                 record that opens epoch {} says was published",
                ended.epoch
            )),
            _ => Ok(size.saturating_sub(left)),
        }
    }
}

impl Tree {
    /// Holds the checkpoints of this size, and what the opening says, against what was recomputed.
    fn pass(
        &mut self,
        epoch: i64,
        kept: &mut Vec<(i64, Checkpoint)>,
        held: &mut Vec<KeptEarlier>,
    ) -> Result<(), String> {
        let (size, root) = (self.frontier.size(), self.frontier.root());
        for (_, one) in kept.extract_if(.., |(of, one)| *of == epoch && one.size == size) {
            if one.root != root {
                return Err(format!("the first {size} records of epoch {epoch} are not those of the kept checkpoint"));
            }
            held.push(KeptEarlier { epoch, size, lost: 0 });
        }
        if size == self.limit && self.differ == 0 && self.root.is_some_and(|said| said != root) {
            return Err(format!(
                "the {size} records of epoch {epoch} are not those that the log's opening says were left"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    fn text(epoch: i64, number: u64, action: &str) -> String {
        let rec = uuid::Uuid::from_u128(number.into());
        json!({"action": action, "class": 1, "e": epoch, "f": [], "rec": rec.to_string(), "ts_us": number, "v": 1})
            .to_string()
    }

    fn checkpoint(epoch: i64, entries: &[String]) -> Checkpoint {
        let mut tree = Frontier::new();
        entries.iter().for_each(|entry| tree.append(leaf_hash(entry.as_bytes()), |_, _, _| {}));
        let origin = format!("log.example/ws/1/e{epoch}");
        Checkpoint { origin, size: entries.len() as u64, root: tree.root(), extensions: Vec::new() }
    }

    fn log(epoch: i64, numbers: std::ops::Range<u64>) -> Vec<String> {
        numbers.map(|number| text(epoch, number, "request.submit")).collect()
    }

    fn context(epoch: i64, before: (i64, u64), root: Hash, published: Option<&Checkpoint>) -> String {
        let mut value = json!({
            "epoch": epoch, "why": "restored",
            "restored": {"epoch": before.0, "size": before.1, "root": BASE64.encode(&root.0), "differ": 0},
        });
        if let Some(published) = published {
            let of = log_of(&published.origin).unwrap().1;
            value["published"] = json!({"epoch": of, "size": published.size, "root": BASE64.encode(&published.root.0)});
        }
        value.to_string()
    }

    /// A log of epoch 2 that tells the first records of epoch 1 again, under an opening that says what was published.
    fn told(left: u64, published: Option<&Checkpoint>) -> (Vec<String>, String) {
        let mut entries = vec![text(2, 1000, OpenEpoch::CODE)];
        entries.extend(log(2, 0..left));
        entries.extend(log(2, 100..103));
        (entries, context(2, (1, left), checkpoint(1, &log(1, 0..left)).root, published))
    }

    type Judged = Result<(Vec<Opened>, Vec<KeptEarlier>), String>;

    fn judged(entries: &[String], contexts: &[&str], kept: Vec<Checkpoint>) -> Judged {
        let epoch = Entry::parse(entries[0].as_bytes()).unwrap().epoch;
        let (mut earlier, _) = Earlier::of(&checkpoint(epoch, entries), kept)?;
        for (index, bytes) in entries.iter().enumerate() {
            let entry = Entry::parse(bytes.as_bytes()).unwrap();
            earlier.read(index as u64, bytes.as_bytes(), &entry, contexts.get(index).copied())?;
        }
        earlier.end()
    }

    #[test]
    fn what_was_kept_of_an_epoch_before_is_recomputed() {
        let before = log(1, 0..12);
        let published = checkpoint(1, &before);
        let (entries, says) = told(10, Some(&published));
        for size in 0..=12 {
            let kept = checkpoint(1, &before[..size]);
            let (opened, held) = judged(&entries, &[&says], vec![kept]).unwrap();
            assert_eq!((opened[0].lost(), opened[0].restored), (Some(2), (Some(1), 10)));
            let lost = (size as u64).saturating_sub(10);
            assert_eq!(held, [KeptEarlier { epoch: 1, size: size as u64, lost }]);
        }
        let words = judged(&entries, &[&says], Vec::new()).unwrap().0[0].words();
        assert!(words.contains("2 records that were published are LOST"), "{words}");
    }

    #[test]
    fn a_loss_that_the_opening_does_not_explain_is_refused() {
        let before = log(1, 0..13);
        let (entries, says) = told(10, Some(&checkpoint(1, &before[..12])));
        let refused = |kept: Checkpoint| judged(&entries, &[&says], vec![kept]).unwrap_err();
        assert!(refused(checkpoint(1, &before)).contains("more is lost than it says"), "one more than was said");
        let other = [&log(1, 0..11)[..], &log(1, 50..51)].concat();
        assert!(refused(checkpoint(1, &other)).contains("another history"), "as many as were said, and others");
        assert!(refused(checkpoint(1, &log(1, 3..8))).contains("not those of the kept checkpoint"));
        assert!(refused(checkpoint(3, &before[..3])).contains("is of log.example/ws/1/e3"), "a later epoch");
        // Where the mark was gone as well, nobody can say.
        let (entries, says) = told(10, None);
        let (opened, held) = judged(&entries, &[&says], vec![checkpoint(1, &before)]).unwrap();
        assert_eq!((opened[0].lost(), held[0].lost), (None, 3));
    }

    #[test]
    fn a_log_that_does_not_say_how_it_began_answers_for_nothing() {
        let kept = || vec![checkpoint(1, &log(1, 0..3))];
        let refused = judged(&log(2, 0..5), &[], kept()).unwrap_err();
        assert!(refused.contains("does not say how that epoch ended"), "{refused}");
        let (mut entries, says) = told(10, None);
        assert!(judged(&entries, &[], Vec::new()).unwrap_err().contains("does not show how"));
        entries.swap(2, 3);
        assert!(judged(&entries, &[&says], Vec::new()).unwrap_err().contains("opening says were left"));
        let (entries, _) = told(10, None);
        let more = context(2, (1, 20), Hash([0; 32]), None);
        assert!(
            judged(&entries, &[&more], Vec::new()).unwrap_err().contains("20 records of epoch 1 were left, and 13")
        );
        assert!(judged(&entries, &[&context(3, (1, 10), Hash([0; 32]), None)], Vec::new()).is_err());
    }

    #[test]
    fn several_epochs_are_gone_through() {
        let one = log(1, 0..6);
        let second: Vec<String> = [vec![text(2, 1000, OpenEpoch::CODE)], log(2, 0..6), log(2, 20..24)].concat();
        let third =
            [vec![text(3, 2000, OpenEpoch::CODE), text(3, 1000, OpenEpoch::CODE)], log(3, 0..6), log(3, 20..24)]
                .concat();
        let (e1, e2) = (checkpoint(1, &one), checkpoint(2, &second));
        let says_3 = context(3, (2, e2.size), e2.root, Some(&e2));
        let says_2 = context(2, (1, 6), e1.root, Some(&e1));
        let kept = vec![e1, e2.clone(), checkpoint(2, &second[..3]), checkpoint(1, &one[..2])];
        let (opened, held) = judged(&third, &[&says_3, &says_2], kept).unwrap();
        assert_eq!(opened.len(), 2);
        assert!(held.len() == 4 && held.iter().all(|held| held.lost == 0), "{held:?}");
        // All that epoch 2 had is gone, and epoch 3 follows epoch 1.
        let third = [vec![text(3, 2000, OpenEpoch::CODE)], log(3, 0..6)].concat();
        let says = context(3, (1, 6), checkpoint(1, &one).root, Some(&e2));
        let (_, held) = judged(&third, &[&says], vec![e2, checkpoint(1, &one)]).unwrap();
        assert_eq!(held.iter().map(|held| held.lost).collect::<Vec<_>>(), [0, 11]);
    }
}
