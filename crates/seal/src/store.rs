//! The key store: small wrapped objects, outside the database and outside its backups.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::files::{self, Lock, hex};
use crate::workspace::MAX_KEYS;

/// The largest object a key store takes.
pub const MAX_OBJECT_BYTES: usize = 512;

/// Name of an object. Shown as it lies in the store; it holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPath {
    /// What is known of a root key.
    Root {
        /// The root's id.
        root_id: [u8; 16],
    },
    /// A workspace key.
    WorkspaceKey {
        /// The workspace.
        workspace: [u8; 16],
        /// Its version, from 1.
        version: u32,
    },
    /// A data key.
    DataKey {
        /// The workspace.
        workspace: [u8; 16],
        /// Its number, from 1.
        key_no: u32,
    },
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root { root_id } => write!(f, "root/{}", hex(root_id)),
            Self::WorkspaceKey { workspace, version } => {
                write!(f, "{}/kek/{version}", uuid_text(workspace))
            }
            Self::DataKey { workspace, key_no } => {
                write!(f, "{}/dek/{key_no}", uuid_text(workspace))
            }
        }
    }
}

/// Keeps key objects. Everything acknowledged is durable; a name is given once.
pub trait KeyStore: Send + Sync {
    /// Writes an object that must not exist yet.
    ///
    /// # Errors
    /// [`Error::Exists`], and then nothing changed; [`Error::Io`].
    fn create(&self, path: KeyPath, object: &[u8]) -> Result<(), Error>;

    /// Replaces an object that must still hold `expected`.
    ///
    /// # Errors
    /// [`Error::Changed`], and then nothing changed; [`Error::Io`].
    fn replace(&self, path: KeyPath, expected: &[u8], object: &[u8]) -> Result<(), Error>;

    /// Replaces an object that must still hold `expected`, and overwrites the bytes that it had: for a key that is
    /// destroyed. Interrupted, the object is the old one or the new one, and doing it again ends it.
    ///
    /// # Errors
    /// [`Error::Changed`], and then nothing changed; [`Error::Io`].
    fn destroy(&self, path: KeyPath, expected: &[u8], tombstone: &[u8]) -> Result<(), Error>;

    /// Reads an object.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::DamagedKey`] when it is larger than [`MAX_OBJECT_BYTES`].
    fn read(&self, path: KeyPath) -> Result<Option<Vec<u8>>, Error>;

    /// Versions of a workspace's key, ascending; empty for an unknown workspace.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::TooManyKeys`].
    fn versions(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error>;

    /// Numbers of a workspace's data keys, ascending.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::TooManyKeys`].
    fn key_numbers(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error>;

    /// Workspaces that have a folder here, ascending.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn workspaces(&self) -> Result<Vec<[u8; 16]>, Error>;

    /// Whether a root is known here.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn has_roots(&self) -> Result<bool, Error>;
}

/// A key store in a folder of this machine, mode 0700, files 0600.
#[derive(Debug)]
pub struct DirStore {
    dir: PathBuf,
}

impl DirStore {
    /// Opens the folder, or makes it, closes it to others and sweeps what a crash left half-written.
    ///
    /// # Errors
    /// [`Error::Custody`] when others may write to the folder or it is somebody else's; [`Error::Io`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        files::make_folder(dir)?;
        files::close_folder(dir)?;
        let store = Self { dir: dir.to_path_buf() };
        let held = Lock::take(dir)?;
        files::make_folder(&dir.join("root"))?;
        files::sweep(&held, dir)?;
        files::sweep(&held, &dir.join("root"))?;
        for workspace in store.workspaces()? {
            for part in ["", "kek", "dek"] {
                files::sweep(&held, &dir.join(uuid_text(&workspace)).join(part))?;
            }
        }
        Ok(store)
    }

    fn file(&self, path: KeyPath) -> PathBuf {
        self.dir.join(path.to_string())
    }

    fn numbers(&self, workspace: [u8; 16], kind: &str) -> Result<Vec<u32>, Error> {
        let folder = self.dir.join(uuid_text(&workspace)).join(kind);
        let mut numbers: Vec<u32> =
            files::entries(&folder)?.iter().filter_map(|path| number_of(files::name_of(path))).collect();
        if numbers.len() > MAX_KEYS {
            return Err(Error::TooManyKeys { limit: MAX_KEYS });
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

impl KeyStore for DirStore {
    fn create(&self, path: KeyPath, object: &[u8]) -> Result<(), Error> {
        check_size(path, object)?;
        let held = Lock::take(&self.dir)?;
        if let KeyPath::WorkspaceKey { workspace, .. } | KeyPath::DataKey { workspace, .. } = path {
            let folder = self.dir.join(uuid_text(&workspace));
            files::make_folder(&folder)?;
            files::make_folder(&folder.join("kek"))?;
            files::make_folder(&folder.join("dek"))?;
        }
        if files::create(&held, &self.file(path), object)? {
            Ok(())
        } else {
            Err(Error::Exists { object: path.to_string() })
        }
    }

    fn replace(&self, path: KeyPath, expected: &[u8], object: &[u8]) -> Result<(), Error> {
        check_size(path, object)?;
        let held = Lock::take(&self.dir)?;
        if self.read(path)?.as_deref() != Some(expected) {
            return Err(Error::Changed { object: path.to_string() });
        }
        files::replace(&held, &self.file(path), object)
    }

    fn destroy(&self, path: KeyPath, expected: &[u8], tombstone: &[u8]) -> Result<(), Error> {
        check_size(path, tombstone)?;
        let held = Lock::take(&self.dir)?;
        if self.read(path)?.as_deref() != Some(expected) {
            return Err(Error::Changed { object: path.to_string() });
        }
        files::replace_scrubbed(&held, &self.file(path), tombstone)
    }

    fn read(&self, path: KeyPath) -> Result<Option<Vec<u8>>, Error> {
        files::read(&self.file(path), MAX_OBJECT_BYTES)
    }

    fn versions(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error> {
        self.numbers(workspace, "kek")
    }

    fn key_numbers(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error> {
        self.numbers(workspace, "dek")
    }

    fn workspaces(&self) -> Result<Vec<[u8; 16]>, Error> {
        let mut found: Vec<[u8; 16]> =
            files::entries(&self.dir)?.iter().filter_map(|path| uuid_of(files::name_of(path))).collect();
        found.sort_unstable();
        Ok(found)
    }

    fn has_roots(&self) -> Result<bool, Error> {
        let found = files::entries(&self.dir.join("root"))?;
        Ok(found.iter().any(|path| !files::name_of(path).starts_with('.')))
    }
}

fn check_size(path: KeyPath, object: &[u8]) -> Result<(), Error> {
    if object.len() > MAX_OBJECT_BYTES {
        return Err(Error::DamagedKey { object: path.to_string() });
    }
    Ok(())
}

/// A number as we write it: decimal, from 1, without leading zeros. Other names are not ours.
fn number_of(name: &str) -> Option<u32> {
    let number: u32 = name.parse().ok()?;
    (number > 0 && number.to_string() == name).then_some(number)
}

fn uuid_text(id: &[u8; 16]) -> String {
    let all = hex(id);
    format!("{}-{}-{}-{}-{}", &all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..])
}

fn uuid_of(name: &str) -> Option<[u8; 16]> {
    let digits: String = name.chars().filter(|c| *c != '-').collect();
    let id = u128::from_str_radix(&digits, 16).ok()?.to_be_bytes();
    (uuid_text(&id) == name).then_some(id)
}
