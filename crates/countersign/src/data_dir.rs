//! The data directory: where everything of one installation lives, used by one process at a time.
//!
//! Layout below the root: `pg` (cluster), `run` (sockets), `tls`, and whatever other rooms ask for, each 0700 and
//! owned by the user the process runs as. The root itself is 0711, so that a path through it can be walked but not
//! listed. [`DataDir::open`] must come after [`crate::privileges::drop_to_owner_of`].

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{Uid, geteuid};

/// Exit code of a process that finds the directory in use (`EX_CONFIG` of sysexits.h).
pub const EXIT_IN_USE: u8 = 78;

pub(crate) const LOCK_FILE: &str = "countersign.lock";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another live process holds the lock; the process should end with [`EXIT_IN_USE`].
    #[error("another Countersign uses {}", .0.display())]
    InUse(PathBuf),
    /// The directory belongs to somebody else.
    #[error("{} belongs to user id {owner}, not to user id {own}; start as that user or choose another directory", .path.display())]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user this process runs as.
        own: u32,
    },
    /// The path exists and is no directory.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The operating system refused.
    #[error("cannot {act} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        act: &'static str,
        /// Where.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

/// A data directory this process holds the lock of. Clones share the lock; it is released with the last of them, and
/// by the kernel if the process is killed.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
    _lock: Arc<File>,
}

impl DataDir {
    /// Makes the directory if it is missing (0711), takes its lock without waiting, and resolves it to an absolute path.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process holds it; [`Error::ForeignOwner`] when it is not ours.
    pub fn open(root: &Path) -> Result<Self, Error> {
        fs::DirBuilder::new().recursive(true).mode(0o711).create(root).map_err(io_error("make", root))?;
        let root = root.canonicalize().map_err(io_error("resolve", root))?;
        own_directory(&root, 0o711)?;
        let path = root.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root, _lock: Arc::new(lock) }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(root)),
            Err(TryLockError::Error(source)) => Err(Error::Io { act: "lock", path, source }),
        }
    }

    /// The absolute root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A directory of ours below the root, made if missing, mode 0700. `name` is one plain component.
    ///
    /// # Errors
    /// When it cannot be made or is not ours.
    pub fn private(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.root.join(name);
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(Error::Io { act: "make", path, source }),
        }
        own_directory(&path, 0o700)?;
        Ok(path)
    }
}

/// Where the data lie when nobody says: `/var/lib/countersign` for root, else `$XDG_DATA_HOME/countersign`, else
/// `$HOME/.local/share/countersign`. `None` when an ordinary user has neither variable.
#[must_use]
pub fn default_root(user: Uid, xdg_data_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    if user.is_root() {
        return Some(PathBuf::from("/var/lib/countersign"));
    }
    // The XDG base directory specification: a relative path is invalid and is ignored.
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(xdg_data_home).or_else(|| Some(absolute(home)?.join(".local/share")))?;
    Some(base.join("countersign"))
}

fn own_directory(path: &Path, mode: u32) -> Result<(), Error> {
    let found = fs::symlink_metadata(path).map_err(io_error("look at", path))?;
    if !found.is_dir() {
        return Err(Error::NotADirectory(path.to_owned()));
    }
    let own = geteuid().as_raw();
    if found.uid() != own {
        return Err(Error::ForeignOwner { path: path.to_owned(), owner: found.uid(), own });
    }
    if found.mode() & 0o7777 != mode {
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(io_error("set the mode of", path))?;
    }
    Ok(())
}

fn io_error(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { act, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_place_follows_the_user() {
        let place = |uid, xdg: &str, home: &str| {
            let value = |text: &str| (!text.is_empty()).then(|| OsString::from(text));
            default_root(Uid::from_raw(uid), value(xdg), value(home))
        };
        assert_eq!(place(0, "/x", "/root"), Some("/var/lib/countersign".into()));
        assert_eq!(place(7, "/x", "/home/a"), Some("/x/countersign".into()));
        assert_eq!(place(7, "relative", "/home/a"), Some("/home/a/.local/share/countersign".into()));
        assert_eq!(place(7, "", "/home/a"), Some("/home/a/.local/share/countersign".into()));
        assert_eq!(place(7, "", ""), None);
    }

    #[test]
    fn one_holder_at_a_time_and_modes_are_narrowed() {
        let base = tempfile::tempdir().unwrap();
        let root = base.path().join("data");
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, Permissions::from_mode(0o777)).unwrap();
        let first = DataDir::open(&root).unwrap();
        assert_eq!(fs::metadata(&root).unwrap().mode() & 0o7777, 0o711);
        let second = DataDir::open(&root).unwrap_err();
        assert!(matches!(second, Error::InUse(_)), "{second}");
        assert_eq!(second.to_string(), format!("another Countersign uses {}", first.root().display()));
        let run = first.private("run").unwrap();
        assert_eq!(fs::metadata(run).unwrap().mode() & 0o7777, 0o700);
        let kept = first.clone();
        drop(first);
        assert!(DataDir::open(&root).is_err());
        drop(kept);
        DataDir::open(&root).unwrap();
    }

    #[test]
    fn a_file_in_the_place_of_a_directory_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(DataDir::open(&file).is_err());
        let data = DataDir::open(&base.path().join("data")).unwrap();
        std::os::unix::fs::symlink("/tmp", data.root().join("run")).unwrap();
        assert!(matches!(data.private("run"), Err(Error::NotADirectory(_))));
    }
}
