//! A workspace's log recomputed from the database: every entry from its record, every hash, tile and root, the note, and
//! every value that is still there against its commitment.

use std::collections::BTreeMap;

use serde_json::Value;
use tenancy::OwnEntry;
use tenancy::erasure;
use tenancy::leaves::{self, LeafRecord, LeafRow, LogHead, Part};
use tenancy::policy::{Action as _, OpenEpoch, SeeTrail};
use tenancy::{Database, Error, Permit, ReadOnly, Scope};
use tlog::{Checkpoint, Hash, Note, leaf_hash};

use crate::earlier::Opened;
use crate::entry::{self, Entry};
use crate::erased::Erased;
use crate::export::LEAF_TIME;
use crate::growing::Growing;
use crate::origin;

/// Most findings that are put into words; the rest is counted.
pub const FINDINGS_MAX: usize = 50;
/// A record that has no leaf after so many seconds is a finding: something holds up the integrator.
const LEAFLESS_S: f64 = 60.0;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The log's name; nothing before its first leaf.
    pub origin: Option<String>,
    /// Leaves that were recomputed.
    pub size: u64,
    /// Leaves of the newest note.
    pub signed_size: u64,
    /// Root of the newest note.
    pub root: Option<Hash>,
    /// Records whose values are all there and are what was committed to.
    pub intact: u64,
    /// Parts that were erased, each as a record of the log says.
    pub erased: u64,
    /// Erasures that are being carried out.
    pub under_way: u64,
    /// Records that wait for their leaf.
    pub waiting: u64,
    /// What is wrong, in words; at most [`FINDINGS_MAX`].
    pub findings: Vec<String>,
    /// How much is wrong in all.
    pub wrong: u64,
}

impl Report {
    fn find(&mut self, what: String) {
        self.wrong += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what);
        }
    }
}

/// Recomputes the log of the scope's workspace. `progress` is told how many leaves are done.
///
/// # Errors
/// The general failures of a query; what is wrong with the log is in the report.
pub async fn verify(
    database: &Database,
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    let mut verification = Verification::begin(database, scope, permit).await?;
    while verification.read(scope, permit).await? {
        let (done, all) = verification.progress();
        progress(done, all);
    }
    verification.finish(scope, permit).await
}

/// A log that is being recomputed, page by page: a long one over several scopes, so that no transaction grows old.
#[derive(Debug)]
pub struct Verification {
    report: Report,
    head: Option<LogHead>,
    anchor: Option<OwnEntry>,
    tree: Recomputed,
}

impl Verification {
    /// Looks at how the log stands: it is recomputed up to here, whatever comes later.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn begin(database: &Database, scope: &Scope<ReadOnly>, permit: &Permit<SeeTrail>) -> Result<Self, Error> {
        let mut report = Report::default();
        let (waiting, oldest_s) = leaves::leafless(scope, permit).await?;
        report.waiting = waiting;
        if oldest_s > LEAFLESS_S {
            report.find(format!("{waiting} records have no leaf, the oldest since {oldest_s:.0} s"));
        }
        let epoch = leaves::head(scope, permit).await?.map(|head| head.epoch);
        let anchor = match epoch {
            Some(epoch) => database.deployment_newest_of(scope.workspace(), epoch).await?,
            None => None,
        };
        // Read after what the deployment's log knows, which so is never ahead of it.
        let head = leaves::head(scope, permit).await?.filter(|head| Some(head.epoch) == epoch);
        let sizes = [head.as_ref().map_or(0, |head| head.signed_size), anchor.as_ref().map_or(0, |anchor| anchor.size)];
        Ok(Self { report, head, anchor, tree: Recomputed::new(sizes) })
    }

    /// How many leaves are recomputed, and how many there are.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.tree.grown.frontier.size(), self.head.as_ref().map_or(0, |head| head.size))
    }

    /// Recomputes the next page of leaves; whether there was one.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn read(&mut self, scope: &Scope<ReadOnly>, permit: &Permit<SeeTrail>) -> Result<bool, Error> {
        let (from, all) = self.progress();
        let Some(head) = self.head.as_ref().filter(|_| from < all) else { return Ok(false) };
        let page = leaves::page(scope, permit, head.epoch, from).await?;
        if page.is_empty() {
            self.report.find(format!("the log has {all} leaves and only {from} are there"));
            return Ok(false);
        }
        let left = usize::try_from(all - from).unwrap_or(usize::MAX);
        for row in page.into_iter().take(left) {
            self.tree.leaf(head.epoch, &row, &mut self.report);
        }
        Ok(true)
    }

    /// Holds tiles, head, note and the deployment's log against what was recomputed.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn finish(self, scope: &Scope<ReadOnly>, permit: &Permit<SeeTrail>) -> Result<Report, Error> {
        let Self { mut report, head, anchor, mut tree } = self;
        let Some(head) = head else { return Ok(report) };
        report.size = tree.grown.frontier.size();
        for ((level, index), expected) in &tree.grown.tiles {
            let found = leaves::tile(scope, permit, head.epoch, *level, *index).await?.unwrap_or_default();
            // The log may have grown since its head was read.
            if !found.starts_with(expected) {
                report.find(format!("tile {index} of level {level} is not that of the leaves"));
            }
        }
        judge_erased(scope, permit, std::mem::take(&mut tree.erased), &mut report).await?;
        judge_head(scope, &head, &tree, &mut report);
        if let Some(anchor) = anchor {
            judge_anchor(&anchor, &tree, &mut report);
        }
        Ok(report)
    }
}

/// The tree that the records make.
#[derive(Debug)]
struct Recomputed {
    grown: Growing,
    /// Roots at the sizes that somebody signed.
    roots: BTreeMap<u64, Option<Hash>>,
    /// Parts that are gone, and what the log says of them.
    erased: Erased,
}

impl Recomputed {
    fn new(sizes: [u64; 2]) -> Self {
        let grown = Growing::default();
        let roots = sizes.map(|size| (size, (size == 0).then(|| grown.frontier.root()))).into();
        Self { grown, roots, erased: Erased::default() }
    }

    fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied().flatten()
    }

    /// What the record that opens an epoch says was wrong when it began is wrong for good.
    fn began(&self, index: u64, record: &LeafRecord, report: &mut Report) {
        if index > 0 || record.committed.action != OpenEpoch::CODE {
            return;
        }
        match record.value("context").and_then(Opened::read) {
            Some(opened) if opened.differ == 0 => {}
            Some(opened) => report.find(opened.words()),
            None => report.find("the log begins anew and does not say how".to_owned()),
        }
    }

    fn leaf(&mut self, epoch: i32, row: &LeafRow, report: &mut Report) {
        let index = self.grown.frontier.size();
        if row.index != index {
            report.find(format!("leaf {index} is missing"));
        }
        let hash = match &row.record {
            None => {
                report.find(format!("the record of leaf {index} is missing"));
                <[u8; 32]>::try_from(row.hash.as_slice()).map_or(leaf_hash(b""), Hash)
            }
            Some(record) => {
                let text = entry::of_record(epoch, &record.committed);
                let hash = leaf_hash(text.as_bytes());
                if hash.0.as_slice() != row.hash {
                    report.find(format!("record {} (leaf {index}) is not what its leaf says", record.committed.id));
                }
                self.began(index, record, report);
                let noted = self.erased.note(index, record);
                match judge_record(&text, record).and_then(|is_whole| noted.map(|()| is_whole)) {
                    Ok(is_whole) => report.intact += u64::from(is_whole),
                    Err(why) => report.find(format!("record {} (leaf {index}): {why}", record.committed.id)),
                }
                hash
            }
        };
        self.grown.append(hash);
        if let Some(root) = self.roots.get_mut(&self.grown.frontier.size()) {
            *root = Some(self.grown.frontier.root());
        }
    }
}

/// Whether the values of a record are those that its entry commits to, and its index columns those of the values; says
/// whether all are there. Of a part that is gone nothing may be left.
fn judge_record(text: &str, record: &LeafRecord) -> Result<bool, String> {
    let entry = Entry::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut shown = Vec::new();
    let mut missing: Vec<&str> = Vec::new();
    for (name, _, part) in record.parts() {
        match part {
            Part::Opened(fields) => shown.extend(fields),
            Part::Closed | Part::Gone => missing.extend(entry::fields_of(name)),
        }
    }
    let wanted: Vec<&str> =
        entry.fields.iter().map(|(name, _)| name.as_str()).filter(|name| !missing.contains(name)).collect();
    for name in &wanted {
        let field = shown.iter().find(|field| field.name == *name);
        let field = field.ok_or_else(|| format!("its field {name} is missing"))?;
        if !entry.commits_to(name, &field.salt, &field.value) {
            return Err(format!("its field {name} is not what was committed to"));
        }
    }
    if shown.len() != wanted.len() {
        return Err("it holds fields that nothing commits to".to_owned());
    }
    let id = |text: &str, member: Option<&str>| {
        let value: Value = serde_json::from_str(text).ok()?;
        member.map_or(Some(&value), |name| value.get(name))?.as_str()?.parse::<uuid::Uuid>().ok()
    };
    let is_there = |part: &Part| !matches!(part, Part::Closed);
    if is_there(&record.person) && record.value("actor").and_then(|text| id(text, Some("id"))) != record.actor {
        return Err("its index column names another actor".to_owned());
    }
    if is_there(&record.period) && record.value("target").and_then(|text| id(text, None)) != record.target {
        return Err("its index column names another target".to_owned());
    }
    Ok(missing.is_empty())
}

/// Whether what is gone was erased: a record of the log says so, or an order is just being carried out.
async fn judge_erased(
    scope: &Scope<ReadOnly>,
    permit: &Permit<SeeTrail>,
    erased: Erased,
    report: &mut Report,
) -> Result<(), Error> {
    let (explained, unexplained) = erased.judge();
    report.erased = explained;
    if unexplained.is_empty() {
        return Ok(());
    }
    let orders = erasure::orders(scope, permit).await?;
    for wrong in unexplained {
        match wrong.is_under_way(&orders, scope.now() - LEAF_TIME) {
            true => report.under_way += 1,
            false => {
                report.find(wrong.why);
                report.wrong += wrong.count - 1;
            }
        }
    }
    Ok(())
}

/// Whether head, frontier and note are those of the recomputed tree.
fn judge_head(scope: &Scope<ReadOnly>, head: &LogHead, tree: &Recomputed, report: &mut Report) {
    if tree.grown.frontier.size() == head.size && tree.grown.frontier.to_bytes() != head.frontier {
        report.find("the head's frontier is not that of the leaves".to_owned());
    }
    report.signed_size = head.signed_size;
    let Some(text) = &head.checkpoint else {
        return report.find("no checkpoint was signed".to_owned());
    };
    let checkpoint = match open(scope, text) {
        Ok(checkpoint) => checkpoint,
        Err(why) => return report.find(why),
    };
    if checkpoint.size != head.signed_size || head.signed_size > head.size {
        report.find(format!("the checkpoint is of {} leaves, the head says {}", checkpoint.size, head.signed_size));
    }
    if Some(checkpoint.root) != tree.root_at(checkpoint.size) {
        report.find(format!("the root of the first {} records is not the one that was signed", checkpoint.size));
    }
    report.root = Some(checkpoint.root);
    report.origin = Some(checkpoint.origin);
}

/// Whether the log still holds what the deployment's log knows of it: a tail that was cut off shows here.
fn judge_anchor(anchor: &OwnEntry, tree: &Recomputed, report: &mut Report) {
    let Some(origin) = report.origin.clone() else { return };
    let Some(root) = tree.root_at(anchor.size) else {
        let (known, size) = (anchor.size, tree.grown.frontier.size());
        return report.find(format!("the deployment's log knows of {known} records, and {size} are there"));
    };
    let text = Checkpoint { origin: origin.clone(), size: anchor.size, root, extensions: Vec::new() }.to_string();
    if entry::of_checkpoint(&origin, &text, anchor.index) != anchor.entry {
        report.find(format!("the first {} records are not those that the deployment's log knows of", anchor.size));
    }
}

/// Opens a note of the scope's workspace with the workspace's own key.
fn open(scope: &Scope<ReadOnly>, text: &str) -> Result<Checkpoint, String> {
    let words = |error: &dyn std::fmt::Display| format!("the checkpoint does not read: {error}");
    let note = Note::parse(text.as_bytes()).map_err(|error| words(&error))?;
    let checkpoint = Checkpoint::parse(note.text).map_err(|error| words(&error))?;
    if !origin::is_of(&checkpoint.origin, scope.workspace()) {
        return Err("the checkpoint is of another log".to_owned());
    }
    let key = origin::signing_key(scope.keys(), &checkpoint.origin);
    let key = key.ok_or("the workspace has no key for checkpoints")?;
    note.verify(key.verifier()).map_err(|error| format!("the checkpoint is not signed by the log's key: {error}"))?;
    Ok(checkpoint)
}
