//! Durable small files: every write is a temporary file, fsync, rename, fsync of the folder, under one
//! lock of the whole store. After a crash a name holds its old bytes or its new ones, never a mixture.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Error, random};

const TEMP_PREFIX: &str = ".tmp-";
const LOCK_NAME: &str = ".lock";
const LOCK_TRIES: u32 = 2000;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The store's lock, between threads and processes; released on drop.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits up to 10 s.
    pub(crate) fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(LOCK_NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&path)
            .map_err(Error::io("open the lock", &path))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(source)) => {
                    return Err(Error::io("take the lock", &path)(source));
                }
            }
        }
        Err(Error::io("wait 10 s for the lock", &path)(std::io::ErrorKind::WouldBlock.into()))
    }
}

/// Makes a folder of mode 0700 and makes it durable; an existing one is left as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("/"))),
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(Error::io("make the folder", path)(source)),
    }
}

/// Writes a file that must not exist yet. The caller holds the [`Lock`]; `false` when it exists.
pub(crate) fn create(_held: &Lock, path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => return Ok(false),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(Error::io("look for", path)(source)),
    }
    put(path, bytes)?;
    Ok(true)
}

/// Replaces a file whole. The caller holds the [`Lock`].
pub(crate) fn replace(_held: &Lock, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    put(path, bytes)
}

/// Replaces a file whole, then overwrites the bytes that it had. The caller holds the [`Lock`]. On a disk that moves
/// blocks around, remains may stay.
pub(crate) fn replace_scrubbed(_held: &Lock, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut old = open_to_scrub(path)?;
    put(path, bytes)?;
    overwrite(&mut old, path)
}

/// Reads a whole file of at most `limit_bytes`; `None` when there is none.
pub(crate) fn read(path: &Path, limit_bytes: usize) -> Result<Option<Vec<u8>>, Error> {
    let file = match open_no_follow(path) {
        Ok(file) => file,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io("open", path)(source)),
    };
    read_open(&file, path, limit_bytes).map(Some)
}

/// Reads a file only its owner may have access to, and the owner must be us.
pub(crate) fn read_private(path: &Path, limit_bytes: usize) -> Result<Option<Vec<u8>>, Error> {
    let file = match open_no_follow(path) {
        Ok(file) => file,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io("open", path)(source)),
    };
    let facts = file.metadata().map_err(Error::io("look at", path))?;
    let refuse = |reason| Err(Error::Custody { path: path.to_path_buf(), reason });
    if !facts.is_file() {
        return refuse("it is not a plain file");
    }
    if facts.uid() != nix::unistd::geteuid().as_raw() {
        return refuse("it belongs to another user; run as its owner, or change the owner");
    }
    if facts.mode() & 0o077 != 0 {
        return refuse("others may read it; run chmod 600 on it and consider it seen");
    }
    read_open(&file, path, limit_bytes).map(Some)
}

/// Closes our own folder to others. One that they could write to, or that is not ours, is refused: what
/// lies in it may be theirs.
pub(crate) fn close_folder(path: &Path) -> Result<(), Error> {
    let facts = fs::symlink_metadata(path).map_err(Error::io("look at", path))?;
    let refuse = |reason| Err(Error::Custody { path: path.to_path_buf(), reason });
    if !facts.is_dir() {
        return refuse("it is not a folder");
    }
    if facts.uid() != nix::unistd::geteuid().as_raw() {
        return refuse("it belongs to another user; run as its owner, or change the owner");
    }
    if facts.mode() & 0o022 != 0 {
        return refuse("others may write to it; look through it, then run chmod 700 on it");
    }
    if facts.mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(Error::io("close to others", path))?;
    }
    Ok(())
}

/// Removes temporary files that a crash left in a folder, and makes the folder's names durable. The
/// caller holds the [`Lock`], so no file of a living writer is among them.
pub(crate) fn sweep(_held: &Lock, folder: &Path) -> Result<(), Error> {
    for path in entries(folder)? {
        if name_of(&path).starts_with(TEMP_PREFIX) {
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    if folder.is_dir() {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Paths in a folder, without an order; empty when there is no folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::io("list", folder)(source)),
    };
    read.map(|entry| Ok(entry.map_err(Error::io("list", folder))?.path())).collect()
}

/// Last part of a path, empty when it is no text.
pub(crate) fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or("")
}

/// Overwrites a file's bytes in place and makes that durable, before its name goes. On a disk that
/// moves blocks around, remains may stay.
pub(crate) fn scrub(path: &Path) -> Result<(), Error> {
    overwrite(&mut open_to_scrub(path)?, path)
}

fn open_to_scrub(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(nix::libc::O_NOFOLLOW).open(path).map_err(Error::io("open", path))
}

fn overwrite(file: &mut File, path: &Path) -> Result<(), Error> {
    let size_bytes = file.metadata().map_err(Error::io("look at", path))?.len();
    std::io::copy(&mut std::io::repeat(0).take(size_bytes), file)
        .and_then(|_| file.sync_all())
        .map_err(Error::io("overwrite", path))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let temp = folder.join(format!("{TEMP_PREFIX}{}", hex(&random::<16>())));
    let written = write_new(&temp, bytes).and_then(|()| fs::rename(&temp, path)).map_err(Error::io("write", path));
    if written.is_err() {
        // Best effort: what stays is swept at the next start.
        drop(fs::remove_file(&temp));
    }
    written.and_then(|()| sync_folder(folder))
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("make durable", folder))
}

fn open_no_follow(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path)
}

fn read_open(file: &File, path: &Path, limit_bytes: usize) -> Result<Vec<u8>, Error> {
    // Exactly sized, because a growing buffer would leave copies of key bytes behind.
    let mut bytes = Vec::with_capacity(limit_bytes + 1);
    file.take(limit_bytes as u64 + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if bytes.len() > limit_bytes {
        return Err(Error::DamagedKey { object: name_of(path).to_owned() });
    }
    Ok(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing into a string");
        out
    })
}
