//! The drop of privileges: started as root, everything runs as the unprivileged owner of the data directory.
//!
//! It happens in this process and before any thread exists, because user ids are a property of each thread in Linux
//! and because the binary may lie below a directory that user cannot enter, so that starting it again would fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{AccessFlags, Gid, Uid, User, access, fchown, getegid, geteuid, setgid, setuid};

const PRIVATE_MASK: Mode = Mode::from_bits_truncate(0o077);

/// Users that take over when root owns the data directory, in order of preference.
const SERVICE_USERS: [&str; 2] = ["countersign", "postgres"];

/// Files that may lie in a directory of root that is handed over.
const HAND_OVER_KNOWS: [&str; 3] = ["countersign.toml", "countersign.lock", "lost+found"];

/// Why the process could not become an unprivileged one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody to become.
    #[error(
        "running as root and no unprivileged user 'countersign' or 'postgres' exists to run PostgreSQL as: useradd -r countersign"
    )]
    NoUnprivilegedUser,
    /// Root would hand over a directory that was never ours.
    #[error(
        "{} belongs to root and already holds other files ({example}); choose an empty directory or give it to an unprivileged user first",
        .path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        example: String,
    },
    /// The new user cannot reach the data directory.
    #[error("user '{user}' cannot enter {}, which lies above the data directory; /var/lib/countersign is a good place", .dir.display())]
    Unreachable {
        /// The new user.
        user: String,
        /// The first directory that may not be entered.
        dir: PathBuf,
    },
    /// Threads exist already, so the drop would be too late.
    #[error("privileges can only be dropped before any thread is started, and {0} threads run")]
    Threads(usize),
    /// The user id of this process has no name, and peer authentication needs one.
    #[error("user id {0} has no name in the password file; PostgreSQL's peer authentication needs one")]
    NoName(u32),
    /// The drop did not hold.
    #[error("privileges were dropped, yet user id 0 could be taken again")]
    Regained,
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
    /// The operating system refused a change of identity.
    #[error("cannot {act}: {source}")]
    System {
        /// What was tried, as a verb.
        act: &'static str,
        /// The answer.
        source: nix::Error,
    },
}

/// Who the process runs as from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// User id, never 0.
    pub uid: Uid,
    /// Primary group id.
    pub gid: Gid,
    /// Name in the password file.
    pub name: String,
    /// The user that started the process: 0 if privileges were dropped, else the same as `uid`.
    pub started_as: Uid,
}

/// Makes `data_root` if it is missing and, as root, becomes its unprivileged owner for good: supplementary groups,
/// group, user and the right to gain privileges by executing a file are all given up. A directory of root (or a new
/// one) is handed to user `countersign`, else `postgres`. Must be called before any thread exists. Files made later are
/// readable by their owner only unless a mode is named (umask 077).
///
/// # Errors
/// See [`Error`]; on an error the process must end, for it may have been left halfway.
pub fn drop_to_owner_of(data_root: &Path) -> Result<Identity, Error> {
    let started_as = geteuid();
    umask(PRIVATE_MASK);
    if !started_as.is_root() {
        let name = name_of(started_as)?;
        return Ok(Identity { uid: started_as, gid: getegid(), name, started_as });
    }
    refuse_threads()?;
    let dir = open_or_make(data_root)?;
    let owner = Uid::from_raw(dir.metadata().map_err(io_error("look at", data_root))?.uid());
    let user = if owner.is_root() {
        let user = service_user(User::from_name)?;
        refuse_foreign_content(data_root)?;
        fchown(&dir, Some(user.uid), Some(user.gid))
            .map_err(|source| Error::System { act: "hand over the data directory", source })?;
        user
    } else {
        User::from_uid(owner)
            .map_err(|source| Error::System { act: "look up the owner of the data directory", source })?
            .ok_or(Error::NoName(owner.as_raw()))?
    };
    become_user(&user)?;
    let identity = Identity { uid: user.uid, gid: user.gid, name: user.name, started_as };
    reachable(data_root, &identity.name)?;
    Ok(identity)
}

/// The name of a user id.
///
/// # Errors
/// [`Error::NoName`] when the password file has none.
pub fn name_of(uid: Uid) -> Result<String, Error> {
    let user = User::from_uid(uid).map_err(|source| Error::System { act: "look up the user", source })?;
    Ok(user.ok_or(Error::NoName(uid.as_raw()))?.name)
}

fn become_user(user: &User) -> Result<(), Error> {
    let system = |act| move |source| Error::System { act, source };
    #[cfg(target_os = "linux")]
    nix::unistd::setgroups(&[user.gid]).map_err(system("give up supplementary groups"))?;
    setgid(user.gid).map_err(system("change the group"))?;
    setuid(user.uid).map_err(system("change the user"))?;
    if setuid(Uid::from_raw(0)).is_ok() || geteuid().is_root() {
        return Err(Error::Regained);
    }
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_no_new_privs().map_err(system("give up new privileges"))?;
    Ok(())
}

/// The first of the service users that exists and is not root under another name.
fn service_user(find: impl Fn(&str) -> nix::Result<Option<User>>) -> Result<User, Error> {
    for name in SERVICE_USERS {
        let found = find(name).map_err(|source| Error::System { act: "look up a user", source })?;
        match found {
            Some(user) if !user.uid.is_root() => return Ok(user),
            _ => {}
        }
    }
    Err(Error::NoUnprivilegedUser)
}

/// Opened without following a link at its end and changed through the descriptor, so that nobody can swap the directory
/// between the look and the change.
fn open_or_make(path: &Path) -> Result<File, Error> {
    // Parents made on the way must be open to the new user, whatever mask we were started with.
    umask(Mode::from_bits_truncate(0o022));
    let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(path);
    umask(PRIVATE_MASK);
    made.map_err(io_error("make", path))?;
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
        .open(path)
        .map_err(io_error("open", path))
}

fn refuse_foreign_content(path: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(io_error("read", path))? {
        let name = entry.map_err(io_error("read", path))?.file_name();
        if !HAND_OVER_KNOWS.iter().any(|known| name == *known) {
            return Err(Error::NotOurs { path: path.to_owned(), example: name.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

fn reachable(path: &Path, user: &str) -> Result<(), Error> {
    let path = std::path::absolute(path).map_err(io_error("resolve", path))?;
    let mut above: Vec<&Path> = path.ancestors().collect();
    above.reverse();
    match above.into_iter().find(|dir| access(*dir, AccessFlags::X_OK).is_err()) {
        None => Ok(()),
        Some(dir) => Err(Error::Unreachable { user: user.to_owned(), dir: dir.to_owned() }),
    }
}

fn refuse_threads() -> Result<(), Error> {
    // Only Linux has the list; elsewhere the caller's word has to do.
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Ok(()) };
    match tasks.count() {
        0 | 1 => Ok(()),
        threads => Err(Error::Threads(threads)),
    }
}

fn io_error(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { act, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, uid: u32) -> User {
        let mut user = User::from_uid(geteuid()).unwrap().unwrap();
        user.name = name.to_owned();
        user.uid = Uid::from_raw(uid);
        user
    }

    #[test]
    fn the_product_has_a_user_of_its_own_or_takes_that_of_postgresql() {
        let among = |users: &[(&str, u32)]| {
            service_user(|name| Ok(users.iter().find(|(known, _)| *known == name).map(|(name, uid)| user(name, *uid))))
        };
        assert_eq!(among(&[("postgres", 101), ("countersign", 900)]).unwrap().name, "countersign");
        assert_eq!(among(&[("postgres", 101)]).unwrap().name, "postgres");
        assert_eq!(among(&[("countersign", 0), ("postgres", 101)]).unwrap().name, "postgres");
        for nobody in [&[][..], &[("countersign", 0)], &[("nobody", 65534)]] {
            let refused = among(nobody).unwrap_err().to_string();
            assert_eq!(
                refused,
                "running as root and no unprivileged user 'countersign' or 'postgres' exists to run PostgreSQL as: useradd -r countersign"
            );
        }
    }

    #[test]
    fn a_directory_of_root_with_other_files_is_not_handed_over() {
        let dir = tempfile::tempdir().unwrap();
        refuse_foreign_content(dir.path()).unwrap();
        fs::write(dir.path().join("countersign.toml"), "").unwrap();
        refuse_foreign_content(dir.path()).unwrap();
        fs::write(dir.path().join("letters.txt"), "").unwrap();
        assert!(
            matches!(refuse_foreign_content(dir.path()), Err(Error::NotOurs { example, .. }) if example == "letters.txt")
        );
    }

    #[test]
    fn root_drops_only_while_there_is_one_thread() {
        let other = std::thread::spawn(|| std::thread::park_timeout(std::time::Duration::from_secs(60)));
        if cfg!(target_os = "linux") {
            assert!(matches!(refuse_threads(), Err(Error::Threads(2..))));
        }
        other.thread().unpark();
        other.join().unwrap();
    }
}
