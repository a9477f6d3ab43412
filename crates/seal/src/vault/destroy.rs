//! Destroying keys: those of one person or one period, or all of a workspace.

use super::{Vault, lock};
use crate::crypto::sha256;
use crate::record::State;
use crate::wrap::WRAPPED_BYTES;
use crate::{Error, KeyPath, Purpose};

/// A data key that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// Its number, which stays taken.
    pub key_no: u32,
    /// The commitment to its bytes, made when it was: whoever still holds them can be shown to.
    pub commitment: [u8; 32],
    /// When, in seconds since 1970 by the clock of the machine that destroyed it.
    pub at_unix_s: u64,
}

/// The keys of a workspace that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestroyedWorkspace {
    /// How many keys there were, over all versions, purposes and states.
    pub keys: u32,
    /// SHA-256 over their commitments: those of the workspace key by version, then those of the data keys by number. Whoever
    /// still holds a key can be shown to.
    pub digest: [u8; 32],
}

/// A key that the store holds as destroyed, and what it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its number.
    pub key_no: u32,
    /// Its purpose.
    pub purpose: Purpose,
    /// Whose or of what it was.
    pub subject: [u8; 16],
}

impl Vault {
    /// Destroys every key of a workspace, the workspace key first, so that an interruption leaves nothing that opens. All
    /// numbers stay taken, and the workspace is unknown from now on: here at once, to other processes when their time for
    /// opened keys is over. Repeatable. Blocks, for as long as it takes to write as many objects as there are keys.
    ///
    /// # Errors
    /// [`Error::UnknownWorkspace`] when there never was a key; [`Error::DamagedKey`]; [`Error::Changed`]; [`Error::Io`].
    pub fn destroy_workspace(&self, workspace: [u8; 16]) -> Result<DestroyedWorkspace, Error> {
        self.alone_in(workspace, || {
            let versions = self.store.versions(workspace)?;
            if versions.is_empty() {
                return Err(Error::UnknownWorkspace);
            }
            let parents = versions.into_iter().map(|version| KeyPath::WorkspaceKey { workspace, version });
            let mut commitments = Vec::new();
            for path in parents {
                commitments.extend(self.bury(path)?.commitment);
            }
            for key_no in self.store.key_numbers(workspace)? {
                commitments.extend(self.bury(KeyPath::DataKey { workspace, key_no })?.commitment);
            }
            lock(&self.cache).remove(&workspace);
            let keys = u32::try_from(commitments.len() / 32).unwrap_or(u32::MAX);
            Ok(DestroyedWorkspace { keys, digest: sha256(&commitments) })
        })
    }

    /// Workspaces whose keys were all destroyed, ascending: what a restored database still holds of them opens nowhere and
    /// is to be deleted again. Blocks.
    ///
    /// # Errors
    /// [`Error::DamagedKey`]; [`Error::Io`].
    pub fn destroyed_workspaces(&self) -> Result<Vec<[u8; 16]>, Error> {
        let mut found = Vec::new();
        for workspace in self.store.workspaces()? {
            let mut versions = self.store.versions(workspace)?.into_iter();
            let is_destroyed = |version| {
                self.read(KeyPath::WorkspaceKey { workspace, version })
                    .map(|(_, record)| record.state == State::Destroyed)
            };
            // A workspace of which not even the first key was written yet has none that could be destroyed.
            let Some(first) = versions.next() else { continue };
            if is_destroyed(first)?
                && versions.map(is_destroyed).try_fold(true, |all, one| one.map(|one| all && one))?
            {
                found.push(workspace);
            }
        }
        Ok(found)
    }

    /// Every data key of a workspace that is destroyed, ascending: what they sealed opens nowhere, and must not be there
    /// any more. Blocks.
    ///
    /// # Errors
    /// As [`Vault::keys_of`].
    pub fn destroyed_keys(&self, workspace: [u8; 16]) -> Result<Vec<Gone>, Error> {
        let mut found = Vec::new();
        for key_no in self.store.key_numbers(workspace)? {
            let (_, record) = self.read(KeyPath::DataKey { workspace, key_no })?;
            if record.state == State::Destroyed {
                found.push(Gone { key_no, purpose: record.data_purpose()?, subject: record.subject });
            }
        }
        Ok(found)
    }

    /// Puts a tombstone in the place of a key, or finds it there.
    fn bury(&self, path: KeyPath) -> Result<crate::record::KeyRecord, Error> {
        let (old, mut record) = self.read(path)?;
        if record.state != State::Destroyed {
            record.state = State::Destroyed;
            record.retired_unix_s = self.clock.unix_s();
            record.wrapped = [0; WRAPPED_BYTES];
            record.seal = [0; 32];
            self.store.destroy(path, &old, &record.encode())?;
        }
        Ok(record)
    }

    /// Numbers of all keys of a purpose and subject that were ever made and not destroyed, ascending. Usually one; two
    /// nodes that began at the same moment may have made one each. Blocks.
    ///
    /// # Errors
    /// [`Error::DamagedKey`]; [`Error::TooManyKeys`]; [`Error::Io`].
    pub fn keys_of(&self, workspace: [u8; 16], purpose: Purpose, subject: [u8; 16]) -> Result<Vec<u32>, Error> {
        let mut found = Vec::new();
        for key_no in self.store.key_numbers(workspace)? {
            let (_, record) = self.read(KeyPath::DataKey { workspace, key_no })?;
            if record.state != State::Destroyed && record.data_purpose()? == purpose && record.subject == subject {
                found.push(key_no);
            }
        }
        Ok(found)
    }

    /// Destroys a data key: its bytes are overwritten in the store, its number stays taken, and what it sealed opens
    /// nowhere any more, backups of the database included. Other processes forget it when their time for opened keys is
    /// over (at most an hour, five minutes by default). Repeatable. Blocks.
    ///
    /// # Errors
    /// [`Error::NoKey`] when the number is a key of another purpose, and then nothing changed: only keys that a person
    /// or a period has for itself are destroyed one by one; [`Error::DamagedKey`]; [`Error::Changed`]; [`Error::Io`].
    pub fn destroy_key(&self, workspace: [u8; 16], purpose: Purpose, key_no: u32) -> Result<Destroyed, Error> {
        self.alone_in(workspace, || {
            let path = KeyPath::DataKey { workspace, key_no };
            let is_single = matches!(purpose, Purpose::AuditPerson | Purpose::AuditPeriod);
            if !is_single || self.read(path)?.1.data_purpose()? != purpose {
                return Err(Error::NoKey(purpose));
            }
            let record = self.bury(path)?;
            lock(&self.cache).remove(&workspace);
            Ok(Destroyed { key_no, commitment: record.commitment, at_unix_s: record.retired_unix_s })
        })
    }
}
