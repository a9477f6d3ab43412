//! A witness's folder.
//!
//! ```text
//! witness.lock   seed   held/<hex sha256(origin)>   evidence/<hex sha256(origin)>/(fork|unproved)-<id>
//! ```
//!
//! A file is written under another name, synced, renamed, and its folder synced: after a crash there is the old one or the
//! new one, and once [`Store::hold`] has come back there is the new one.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use tlog::{CosignerSigningKey, NAME_BYTES_MAX};

use super::{EVIDENCE_MAX, LOGS_MAX, WitnessError};

const LOCK: &str = "witness.lock";
const SEED: &str = "seed";
const HELD: &str = "held";
const EVIDENCE: &str = "evidence";
/// End of the name under which a file is written.
const NEW: &str = ".new";

/// A folder whose lock this process holds.
#[derive(Debug)]
pub(super) struct Store {
    root: PathBuf,
    _lock: File,
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WitnessError {
    let path = path.to_owned();
    move |source| WitnessError::Io { act, path, source }
}

fn damaged(path: &Path, why: &str) -> WitnessError {
    WitnessError::Damaged { path: path.to_owned(), why: why.to_owned() }
}

/// The bytes of a file, at most so many.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, WitnessError> {
    let file = File::open(path).map_err(failed("open", path))?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    match bytes.len() > most {
        true => Err(damaged(path, "it is too long")),
        false => Ok(bytes),
    }
}

/// The key of a folder, if it has one: its name, and the secret in hexadecimal, a line each.
pub(super) fn read_key(root: &Path, name: &str) -> Result<Option<CosignerSigningKey>, WitnessError> {
    let path = root.join(SEED);
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("look at", &path)(error)),
    };
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(WitnessError::Exposed { path, mode });
    }
    let text = String::from_utf8(read(&path, NAME_BYTES_MAX + 66)?).map_err(|_| damaged(&path, "it is not UTF-8"))?;
    let parts = text.strip_suffix('\n').and_then(|text| text.split_once('\n'));
    let seed = parts.and_then(|(kept, seed)| {
        let seed = HEXLOWER.decode(seed.as_bytes()).ok()?;
        Some((kept, <[u8; 32]>::try_from(seed).ok()?))
    });
    let Some((kept, seed)) = seed else { return Err(damaged(&path, "it is not a name and a secret")) };
    if kept != name {
        return Err(WitnessError::Name { kept: kept.to_owned(), asked: name.to_owned(), path });
    }
    Ok(Some(CosignerSigningKey::from_seed(name, &seed)?))
}

impl Store {
    /// Makes the folder if it is missing, closes it to others and takes its lock without waiting.
    pub(super) fn open(root: &Path) -> Result<Self, WitnessError> {
        private(root)?;
        let root = root.canonicalize().map_err(failed("resolve", root))?;
        let path = root.join(LOCK);
        let options = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let lock = options.map_err(failed("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WitnessError::InUse(root)),
            Err(TryLockError::Error(source)) => return Err(WitnessError::Io { act: "lock", path, source }),
        }
        for name in [HELD, EVIDENCE] {
            private(&root.join(name))?;
        }
        sync(&root)?;
        if let Some(parent) = root.parent() {
            // Another's folder may not be ours to open; then its maker answers for it.
            drop(sync(parent));
        }
        Ok(Self { root, _lock: lock })
    }

    /// The key, made at the first start.
    pub(super) fn key(&self, name: &str) -> Result<CosignerSigningKey, WitnessError> {
        if let Some(key) = read_key(&self.root, name)? {
            return Ok(key);
        }
        if !self.held()?.is_empty() {
            return Err(damaged(&self.root.join(SEED), "it is missing, though checkpoints were cosigned with it"));
        }
        let seed = seal::random::<32>();
        let key = CosignerSigningKey::from_seed(name, &seed)?;
        replace(&self.root, SEED, format!("{name}\n{}\n", HEXLOWER.encode(&seed)).as_bytes())?;
        Ok(key)
    }

    /// What is held, by name. What a crash left half written is removed: it was never answered for.
    pub(super) fn held(&self) -> Result<Vec<(String, PathBuf)>, WitnessError> {
        let dir = self.root.join(HELD);
        let mut found = Vec::new();
        for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
            let path = entry.map_err(failed("list", &dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if name.ends_with(NEW) {
                fs::remove_file(&path).map_err(failed("remove", &path))?;
                continue;
            }
            if name.len() != 64 || HEXLOWER.decode(name.as_bytes()).is_err() {
                return Err(damaged(&path, "it is no file of a witness"));
            }
            found.push((name, path));
            if found.len() > LOGS_MAX {
                return Err(damaged(&dir, "it holds more logs than a witness has"));
            }
        }
        Ok(found)
    }

    /// Stores the last checkpoint of a log; when this is back, it is on the disk.
    pub(super) fn hold(&self, name: &str, note: &str) -> Result<(), WitnessError> {
        replace(&self.root.join(HELD), name, note.as_bytes())
    }

    /// Keeps a note as evidence, once; whether it is a new one. At most [`EVIDENCE_MAX`] of a kind, the first ones.
    pub(super) fn keep(&self, name: &str, kind: &str, id: &str, bytes: &[u8]) -> Result<bool, WitnessError> {
        let dir = self.root.join(EVIDENCE).join(name);
        private(&dir)?;
        let file = format!("{kind}-{id}");
        let mut of_the_kind = 0;
        for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
            let known = entry.map_err(failed("list", &dir))?.file_name();
            let known = known.to_string_lossy();
            if *known == *file {
                return Ok(false);
            }
            of_the_kind += usize::from(known.starts_with(kind) && !known.ends_with(NEW));
        }
        if of_the_kind >= EVIDENCE_MAX {
            return Ok(false);
        }
        replace(&dir, &file, bytes)?;
        Ok(true)
    }
}

/// A folder that its owner alone enters.
fn private(dir: &Path) -> Result<(), WitnessError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("make", dir))?;
    let mode = fs::metadata(dir).map_err(failed("look at", dir))?.mode() & 0o7777;
    if mode == 0o700 {
        return Ok(());
    }
    fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed("set the mode of", dir))
}

fn sync(dir: &Path) -> Result<(), WitnessError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
}

/// Puts a file in the place of the one that was there, or leaves that one.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), WitnessError> {
    let new = dir.join(format!("{name}{NEW}"));
    let options = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new);
    let mut file = options.map_err(failed("write", &new))?;
    file.write_all(bytes).map_err(failed("write", &new))?;
    file.sync_all().map_err(failed("sync", &new))?;
    drop(file);
    let path = dir.join(name);
    fs::rename(&new, &path).map_err(failed("put in place", &path))?;
    sync(dir)
}
