//! An export verified by itself: no database, no configuration, no network.
//!
//! Everything is recomputed from the entries: every leaf, every byte of every tile, both roots, both signatures, every
//! shown field, and that the deployment's log holds one history of this workspace and no other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use tenancy::erasure::PartName;
use tlog::{
    BUNDLE_BYTES_MAX, Checkpoint, Difference, Frontier, NOTE_BYTES_MAX, Note, Resource, VerifierKey, verify_log,
};

use crate::earlier::Earlier;
use crate::entry::{self, DeploymentEntry, Entry};
use crate::erased::Erased;
use crate::page::PageFound;
use crate::succession::log_of;
use crate::witnessed::{self, Witnessed};
use crate::{consistency, folder, successors};

pub use crate::earlier::{EPOCHS_MAX, KeptEarlier, Opened};

/// Longest line of the records, in bytes.
pub const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Most checkpoints of one workspace in the deployment's log that are verified.
pub const OWN_MAX: usize = 4_000_000;

/// Where an export is not what it says. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// A file cannot be read.
    #[error("{}: {why}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, with line or place.
        why: String,
    },
}

pub(crate) fn wrong(path: &Path, why: impl std::fmt::Display) -> Wrong {
    Wrong::File { path: path.to_owned(), why: why.to_string() }
}

/// What was verified, and how far the verdict reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The log's name.
    pub origin: String,
    /// Records.
    pub records: u64,
    /// Fields that are shown and are what was committed to.
    pub shown: u64,
    /// Fields that are committed to and not shown.
    pub withheld: u64,
    /// Parts that were erased, each as a record of this log says.
    pub erased: u64,
    /// Entries of the deployment's log.
    pub deployment: u64,
    /// Of these, checkpoints of this workspace.
    pub own: u64,
    /// Leaves of the newest own checkpoint in the deployment's log.
    pub anchored: u64,
    /// Leaves of each checkpoint that was kept of this epoch.
    pub kept: Vec<u64>,
    /// Checkpoints that were kept of earlier epochs, and what of them is lost.
    pub kept_earlier: Vec<KeptEarlier>,
    /// How this epoch and those before it began, newest first; empty for a log that never began anew.
    pub opened: Vec<Opened>,
    /// Keys that were accepted because a key that you know names them as its successor.
    pub succeeded: Vec<String>,
    /// Which keys came from elsewhere than the export.
    pub pinned: Pinned,
    /// What each witness whose key was given said of the deployment's log.
    pub witnesses: Vec<Witnessed>,
    /// Proofs of consistency in the folder, which all lead to the checkpoint.
    pub proofs: usize,
    /// What lies in the folder as the page for browsers; nothing here rests on it.
    pub page: PageFound,
}

/// What whoever verifies an export knows from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Keys of the workspace's log and of the deployment's, one a line.
    pub keys: Option<&'a str>,
    /// Notes that were kept earlier.
    pub kept: &'a [String],
    /// Keys of witnesses, one a line.
    pub witnesses: Option<&'a str>,
    /// How many of these must have cosigned.
    pub required: usize,
}

/// Which keys whoever verifies knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// None: the export vouches for itself.
    Nothing,
    /// The key of the workspace's log.
    Log,
    /// That and the deployment's.
    Both,
}

impl Verdict {
    /// The verdict for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let pinned = match self.pinned {
            Pinned::Nothing => "nothing",
            Pinned::Log => "log",
            Pinned::Both => "both",
        };
        json!({
            "holds": true,
            "origin": self.origin,
            "records": self.records,
            "shown": self.shown,
            "withheld": self.withheld,
            "erased": self.erased,
            "deployment": self.deployment,
            "own": self.own,
            "anchored": self.anchored,
            "proofs": self.proofs,
            "verify_html": self.page.word(),
            "epochs": self.opened.iter().map(Opened::to_json).collect::<Vec<_>>(),
            "kept_earlier": self.kept_earlier.iter().map(|one| {
                json!({"epoch": one.epoch, "records": one.size, "lost": one.lost})
            }).collect::<Vec<_>>(),
            "succeeded": self.succeeded,
            "trust": {"keys_given": pinned, "kept": self.kept, "witnesses": witnessed::to_json(&self.witnesses)},
        })
    }

    /// The verdict in sentences: what holds, and what was not shown.
    #[must_use]
    pub fn words(&self) -> String {
        let mut lines = vec![
            self.origin.clone(),
            format!("{} records: every leaf, tile and root recomputed, the checkpoint's signature holds", self.records),
            format!(
                "{} fields are what was committed to, {} are committed to and not shown",
                self.shown, self.withheld
            ),
            format!("{} parts were erased, each as a record of this log says; 0 are missing", self.erased),
            format!(
                "the deployment's log ({} entries) holds {} checkpoints of this workspace, all of this one history, up to \
                 record {}",
                self.deployment, self.own, self.anchored
            ),
        ];
        lines.extend(self.opened.iter().map(Opened::words));
        if self.proofs > 0 {
            lines.push(format!("{} proofs of consistency in the folder lead to this checkpoint", self.proofs));
        }
        let pinned = match self.pinned {
            Pinned::Both => "trust: both keys are the ones you gave",
            Pinned::Log => {
                "trust: the log's key is the one you gave; the deployment's came with the export, so a fork is shown only \
                 as far as you believe that key"
            }
            Pinned::Nothing => {
                "trust: the keys came with the export itself, so this shows no more than that it agrees with itself; give \
                 the keys you know with --vkey"
            }
        };
        lines.push(pinned.to_owned());
        lines.extend(self.succeeded.iter().map(|key| {
            format!(
                "trust: the key {key} is not one you gave; one that you gave names it as its successor after a restore"
            )
        }));
        lines.extend(self.kept_earlier.iter().map(|one| match one.lost {
            0 => format!("trust: the {} records of epoch {} that you kept a checkpoint of are all there", one.size, one.epoch),
            lost => format!(
                "LOST: of the {} records of epoch {} that you kept a checkpoint of, {lost} are gone, as the log itself says",
                one.size, one.epoch
            ),
        }));
        lines.push(match self.kept.iter().max() {
            _ if self.kept.is_empty() && !self.kept_earlier.is_empty() => {
                "trust: no checkpoint of this epoch was given, so an older state of it put back would not be seen"
                    .to_owned()
            }
            Some(size) => format!("trust: the log goes on from the checkpoint of {size} records that you kept"),
            None => {
                "trust: no earlier checkpoint was given (--kept), so an older state put back, or a history rewritten \
                     with the log's own key, would not be seen"
                    .to_owned()
            }
        });
        lines.extend(witnessed::words(&self.witnesses, self.deployment));
        lines.push(self.page.words().to_owned());
        lines.join("\n")
    }
}

/// Verifies an export. `keys` are the keys that are known from elsewhere, `kept` notes that were kept earlier.
///
/// # Errors
/// The first [`Wrong`].
pub fn export(root: &Path, keys: Option<&str>, kept: &[String]) -> Result<Verdict, Wrong> {
    export_known(root, &Known { keys, kept, ..Known::default() })
}

/// Verifies an export against everything that is known from elsewhere, what witnesses said included.
///
/// # Errors
/// The first [`Wrong`].
pub fn export_known(root: &Path, known: &Known<'_>) -> Result<Verdict, Wrong> {
    let (keys, kept) = (known.keys, known.kept);
    let witnesses = known.witnesses.map(witnessed::keys_of).transpose()?.unwrap_or_default();
    let own_keys = own_keys(root)?;
    let mut given = keys.map(|text| keys_of(Path::new("--vkey"), text)).transpose()?;
    let succeeded = given.as_mut().map_or(Ok(Vec::new()), |given| successors::accept(root, given))?;
    let keys = given.as_deref().unwrap_or(&own_keys);
    let checkpoint = open(&root.join(folder::CHECKPOINT), keys)?;
    let kept_open: Vec<Checkpoint> =
        kept.iter().map(|note| open_text(Path::new("--kept"), note, keys)).collect::<Result<_, _>>()?;
    let kept_path = root.join(folder::CHECKPOINT);
    let (earlier, kept_open) = Earlier::of(&checkpoint, kept_open).map_err(|why| wrong(&kept_path, why))?;
    let deployment = root.join(folder::DEPLOYMENT);
    let own = read_own(&deployment.join(folder::OWN))?;
    let mut records = Records::open(root, earlier)?;
    let proofs = consistency::read(root, checkpoint.size)?;
    let mut roots = Roots::of(own.values().copied().chain(proofs.iter().map(|proof| proof.earlier)));
    let mut failed = None;
    let seen = |index, bytes: &[u8], tree: &Frontier| {
        roots.pass(tree);
        if failed.is_none() {
            failed = records.check(index, bytes).err();
        }
    };
    let verified = verify_log(&checkpoint, &kept_open, |resource| read_resource(root, resource), seen);
    verified.map_err(|difference| of_difference(root, &difference))?;
    if let Some(failed) = failed {
        return Err(failed);
    }
    let (opened, kept_earlier) = records.began()?;
    let erased = records.end()?;
    successors::judge(root, opened.first())?;
    consistency::judge(&proofs, &checkpoint, |size| roots.at(size))?;
    // Without a key of its name the deployment's comes with the export, and the verdict says so.
    let common_path = deployment.join(folder::CHECKPOINT);
    let common_note = read_text(&common_path)?;
    let common_name = common_note.lines().next().unwrap_or_default();
    let is_common_pinned = given.as_ref().is_some_and(|given| given.iter().any(|key| key.name() == common_name));
    let common_keys = if is_common_pinned { keys } else { &own_keys };
    let common = open_text(&common_path, &common_note, common_keys)?;
    let witnesses = witnessed::judge(&common_path, &common_note, &witnesses, known.required)?;
    let count = own.len() as u64;
    Ok(Verdict {
        anchored: recompute_deployment(&deployment, &common, &checkpoint.origin, own, &roots)?,
        origin: checkpoint.origin,
        records: checkpoint.size,
        shown: records.shown,
        withheld: records.withheld,
        erased,
        deployment: common.size,
        own: count,
        kept: kept_open.iter().map(|kept| kept.size).collect(),
        kept_earlier,
        opened,
        succeeded,
        pinned: match (given.is_some(), is_common_pinned) {
            (false, _) => Pinned::Nothing,
            (true, false) => Pinned::Log,
            (true, true) => Pinned::Both,
        },
        witnesses,
        proofs: proofs.len(),
        page: PageFound::of(root),
    })
}

/// The deployment's log: every entry of the workspace is in the list and of this history. Leaves of the newest one.
fn recompute_deployment(
    deployment: &Path,
    common: &Checkpoint,
    origin: &str,
    mut own: BTreeMap<u64, u64>,
    roots: &Roots,
) -> Result<u64, Wrong> {
    let mut failed = None;
    let mut anchored = 0;
    let each = |index, bytes: &[u8], _: &Frontier| {
        if failed.is_none() {
            match check_deployment(origin, index, bytes, &mut own, roots)
                .and_then(|size| is_in_its_place(&common.origin, index, bytes).map(|()| size))
            {
                Ok(size) => anchored = size.unwrap_or(anchored),
                Err(why) => failed = Some(why),
            }
        }
    };
    verify_log(common, &[], |resource| read_resource(deployment, resource), each)
        .map_err(|difference| of_difference(deployment, &difference))?;
    match (failed, own.first_key_value()) {
        (Some(why), _) => Err(wrong(deployment, why)),
        (None, Some((index, _))) => {
            Err(wrong(&deployment.join(folder::OWN), format!("entry {index} is not in the deployment's log")))
        }
        (None, None) => Ok(anchored),
    }
}

/// The keys that came with an export.
pub(crate) fn own_keys(root: &Path) -> Result<Vec<VerifierKey>, Wrong> {
    let path = root.join(folder::VKEY);
    keys_of(&path, &read_text(&path)?)
}

/// A key a line.
pub(crate) fn keys_of(path: &Path, text: &str) -> Result<Vec<VerifierKey>, Wrong> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| VerifierKey::parse(line).map_err(|why| wrong(path, format!("line {}: {why}", at + 1))))
        .collect()
}

/// Roots at the sizes that the deployment's log is to know of, or that a proof leads from.
struct Roots(BTreeMap<u64, Option<tlog::Hash>>);

impl Roots {
    fn of(sizes: impl Iterator<Item = u64>) -> Self {
        Self(sizes.map(|size| (size, None)).collect())
    }
    fn at(&self, size: u64) -> Option<tlog::Hash> {
        self.0.get(&size).copied().flatten()
    }
    fn pass(&mut self, tree: &Frontier) {
        if let Some(root) = self.0.get_mut(&tree.size()) {
            *root = Some(tree.root());
        }
    }
}

/// The entry with which a log begins anew stands at its beginning, and names an epoch before.
fn is_in_its_place(common: &str, index: u64, bytes: &[u8]) -> Result<(), String> {
    let Ok(DeploymentEntry::Opening { after, .. }) = DeploymentEntry::parse(bytes) else { return Ok(()) };
    let epoch = log_of(common).map_or(1, |(_, epoch)| epoch);
    match index == 0 && after < epoch {
        true => Ok(()),
        false => Err(format!("entry {index} begins the log anew where it does not begin")),
    }
}

/// An entry of the deployment's log: one of this workspace must be in the list and of this history.
fn check_deployment(
    origin: &str,
    index: u64,
    bytes: &[u8],
    own: &mut BTreeMap<u64, u64>,
    roots: &Roots,
) -> Result<Option<u64>, String> {
    let entry = DeploymentEntry::parse(bytes).map_err(|why| format!("entry {index}: {why}"))?;
    let (label, hash) = match entry {
        DeploymentEntry::Checkpoint { label, hash } => (label, hash),
        DeploymentEntry::End { label, .. } if label == entry::label(origin, index) => {
            return Err(format!("entry {index} says that this workspace ended, and here its log goes on"));
        }
        DeploymentEntry::End { .. } | DeploymentEntry::Opening { .. } | DeploymentEntry::Heartbeat(_) => {
            return Ok(None);
        }
    };
    if label != entry::label(origin, index) {
        return match own.contains_key(&index) {
            true => Err(format!("entry {index} is said to be of this workspace and is not")),
            false => Ok(None),
        };
    }
    let fork = || format!("entry {index} is a checkpoint of this workspace of another history: the log was forked");
    let size = own.remove(&index).ok_or_else(fork)?;
    let root = roots.at(size).ok_or_else(fork)?;
    let text = Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() }.to_string();
    if seal::sha256(text.as_bytes()) == hash { Ok(Some(size)) } else { Err(fork()) }
}

fn of_difference(root: &Path, difference: &Difference) -> Wrong {
    wrong(root, difference)
}

pub(crate) fn open(path: &Path, keys: &[VerifierKey]) -> Result<Checkpoint, Wrong> {
    open_text(path, &read_text(path)?, keys)
}

pub(crate) fn open_text(path: &Path, text: &str, keys: &[VerifierKey]) -> Result<Checkpoint, Wrong> {
    let note = Note::parse(text.as_bytes()).map_err(|why| wrong(path, why))?;
    Checkpoint::open(&note, keys).map_err(|why| wrong(path, why))
}

/// A short text.
pub(crate) fn read_text(path: &Path) -> Result<String, Wrong> {
    let file = File::open(path).map_err(|why| wrong(path, why))?;
    let mut text = String::new();
    let most = NOTE_BYTES_MAX as u64;
    file.take(most + 1).read_to_string(&mut text).map_err(|why| wrong(path, why))?;
    if text.len() as u64 > most {
        return Err(wrong(path, format!("it is longer than {most} bytes")));
    }
    Ok(text)
}

pub(crate) fn read_resource(root: &Path, resource: Resource) -> Option<Vec<u8>> {
    let file = File::open(root.join(resource.to_string())).ok()?;
    let mut bytes = Vec::new();
    file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Which entries of the deployment's log are the workspace's own: index to leaves.
fn read_own(path: &Path) -> Result<BTreeMap<u64, u64>, Wrong> {
    let file = File::open(path).map_err(|why| wrong(path, why))?;
    let mut own = BTreeMap::new();
    for (at, line) in BufReader::new(file.take(OWN_MAX as u64 * 42)).lines().enumerate() {
        let line = line.map_err(|why| wrong(path, why))?;
        let pair = line.split_once(' ').and_then(|(index, size)| Some((index.parse().ok()?, size.parse().ok()?)));
        let (index, size) = pair.ok_or_else(|| wrong(path, format!("line {} is no index and size", at + 1)))?;
        if own.insert(index, size).is_some() || own.len() > OWN_MAX {
            return Err(wrong(path, format!("line {} is one too many", at + 1)));
        }
    }
    Ok(own)
}

/// The records' lines, read along with the entries.
struct Records {
    path: PathBuf,
    lines: BufReader<File>,
    /// The line that was read last.
    text: String,
    shown: u64,
    withheld: u64,
    erased: Erased,
    earlier: Option<Earlier>,
}

/// A text that is borrowed from its line where it can be: salts and most names are.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    index: u64,
    #[serde(borrow)]
    entry: Cow<'a, str>,
    #[serde(borrow)]
    shown: BTreeMap<Text<'a>, ShownField<'a>>,
    /// Parts that were erased, each with the number of the key that went with it.
    #[serde(default)]
    erased: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownField<'a> {
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

impl Line<'_> {
    fn shown(&self, name: &str) -> Option<&ShownField<'_>> {
        self.shown.iter().find(|(known, _)| known.0 == name).map(|(_, field)| field)
    }
}

impl Records {
    fn open(root: &Path, earlier: Earlier) -> Result<Self, Wrong> {
        let path = root.join(folder::RECORDS);
        let lines = BufReader::new(File::open(&path).map_err(|why| wrong(&path, why))?);
        Ok(Self {
            path,
            lines,
            text: String::new(),
            shown: 0,
            withheld: 0,
            erased: Erased::default(),
            earlier: Some(earlier),
        })
    }

    /// Reads the next line; whether there was one.
    fn next(&mut self, line: u64) -> Result<bool, Wrong> {
        self.text.clear();
        let read = (&mut self.lines).take(LINE_BYTES_MAX + 1).read_line(&mut self.text);
        read.map_err(|why| wrong(&self.path, format!("line {line}: {why}")))?;
        if self.text.len() as u64 > LINE_BYTES_MAX {
            return Err(wrong(&self.path, format!("line {line} is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(!self.text.is_empty())
    }

    fn check(&mut self, index: u64, bytes: &[u8]) -> Result<(), Wrong> {
        let at = index + 1;
        if !self.next(at)? {
            return Err(wrong(&self.path, format!("line {at} is missing")));
        }
        let at_line = |why: String| wrong(&self.path, format!("line {at}: {why}"));
        let line: Line<'_> = serde_json::from_str(&self.text).map_err(|why| at_line(why.to_string()))?;
        if line.index != index || line.entry.as_bytes() != bytes {
            return Err(at_line("it is not the entry of its leaf".to_owned()));
        }
        let entry = Entry::parse(bytes).map_err(|why| at_line(why.to_string()))?;
        for (Text(name), field) in &line.shown {
            let salt = tlog::decode_base64(&field.salt).and_then(|salt| <[u8; 32]>::try_from(salt).ok());
            let salt = salt.ok_or_else(|| at_line(format!("the salt of {name} is not the base64 of 32 bytes")))?;
            if !entry.commits_to(name, &salt, &field.value) {
                return Err(at_line(format!("the field {name} is not what was committed to")));
            }
        }
        let mut gone = 0;
        for (part, key) in &line.erased {
            let part = PartName::from_word(part).ok_or_else(|| at_line(format!("there is no part {part}")))?;
            let fields = entry::fields_of(part);
            if let Some(name) = fields.iter().find(|name| line.shown(name).is_some()) {
                return Err(at_line(format!("the field {name} is shown and is said to be erased")));
            }
            let record = entry.rec.parse().map_err(|_| at_line("its id is none".to_owned()))?;
            self.erased.miss(part, *key, record);
            gone += entry.fields.iter().filter(|(name, _)| fields.contains(&name.as_str())).count();
        }
        let context = line.shown("context").map(|field| field.value.as_ref());
        self.erased.read(index, &entry.action, context).map_err(at_line)?;
        if let Some(earlier) = &mut self.earlier {
            earlier.read(index, bytes, &entry, context).map_err(at_line)?;
        }
        self.shown += line.shown.len() as u64;
        self.withheld += (entry.fields.len() - line.shown.len() - gone) as u64;
        Ok(())
    }

    /// How the log began, and what of what was kept is lost.
    fn began(&mut self) -> Result<(Vec<Opened>, Vec<KeptEarlier>), Wrong> {
        let ended = self.earlier.take().map_or(Ok(<_>::default()), Earlier::end);
        ended.map_err(|why| wrong(&self.path, why))
    }

    /// Nothing follows, and what is gone was erased: how many parts.
    fn end(&mut self) -> Result<u64, Wrong> {
        if self.next(0)? {
            return Err(wrong(&self.path, "lines follow the last record"));
        }
        let (erased, unexplained) = std::mem::take(&mut self.erased).judge();
        match unexplained.into_iter().next() {
            Some(first) => Err(wrong(&self.path, first.why)),
            None => Ok(erased),
        }
    }
}
