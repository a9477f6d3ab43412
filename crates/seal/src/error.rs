//! What can go wrong with keys and sealed values.

use std::path::PathBuf;

use crate::Purpose;

/// Situations a caller can meet. None carries envelope bytes, key bytes or content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The one answer to every failed opening: wrong key, wrong place, damaged or foreign bytes.
    /// The reason is deliberately not told.
    #[error("sealed value does not open")]
    DoesNotOpen,
    /// The content is longer than [`crate::MAX_CONTENT_BYTES`].
    #[error("content of {size_bytes} bytes is too long to seal")]
    TooLong {
        /// Length of the content that was refused.
        size_bytes: usize,
    },
    /// The key store holds no keys of this workspace: never made, or shredded.
    #[error("no keys for this workspace")]
    UnknownWorkspace,
    /// The workspace has no usable key for this purpose under the asked number.
    #[error("no usable key for {0:?}")]
    NoKey(Purpose),
    /// Creating the workspace's keys was interrupted; creating them again completes it.
    #[error("the keys of this workspace are incomplete; create the workspace again")]
    Incomplete,
    /// A workspace has reached its limit of keys.
    #[error("this workspace holds the most keys it may have ({limit})")]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// An object of the key store is not what its name says: damaged, misplaced or written by a newer version.
    #[error("key object {object} is damaged or misplaced")]
    DamagedKey {
        /// Name of the object in the store, without key material.
        object: String,
    },
    /// The keyring does not fit the key store: it is another one, or a damaged one.
    #[error("the root keyring {path} does not fit this key store")]
    WrongRoot {
        /// The keyring's file.
        path: PathBuf,
    },
    /// The key store exists and its keyring is missing. A new one would not open anything.
    #[error("the root keyring {path} is missing but keys wrapped by it exist; put its copy back")]
    RootMissing {
        /// Where the keyring was expected.
        path: PathBuf,
    },
    /// The root key was destroyed: nothing wrapped by it will ever open again.
    #[error("the root key was destroyed")]
    RootDestroyed,
    /// A key file or folder is open to others, or is somebody else's.
    #[error("refusing {path}: {reason}")]
    Custody {
        /// The refused file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: &'static str,
    },
    /// An object of that name exists already; it was left as it is.
    #[error("key object {object} exists already")]
    Exists {
        /// Name of the object in the store.
        object: String,
    },
    /// An object changed since it was read; nothing was written.
    #[error("key object {object} was changed by somebody else")]
    Changed {
        /// Name of the object in the store.
        object: String,
    },
    /// The number is no purpose, shape or state of this version.
    #[error("unknown {what} {value}")]
    UnknownCode {
        /// What the number was to name.
        what: &'static str,
        /// The number.
        value: u8,
    },
    /// The file system refused.
    #[error("key store: {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Turns a file system error into ours; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }
}
