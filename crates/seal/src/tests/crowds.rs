//! A store that behaves as if other nodes filled it: bounds and races that files are too slow for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::support::{HandClock, WORKSPACE};
use crate::record::{KeyRecord, Kind, State};
use crate::{DirStore, Error, KeyPath, KeyStore, LocalKeyring, Purpose, Vault};

/// A folder whose workspaces hold destroyed keys with all numbers up to `filled`, and where other nodes
/// take the next `races` numbers just before us.
struct Crowd {
    folder: DirStore,
    filled: Arc<AtomicU32>,
    races: Arc<AtomicU32>,
}

fn destroyed(workspace: [u8; 16], key_no: u32) -> Vec<u8> {
    KeyRecord {
        kind: Kind::DataKey,
        state: State::Destroyed,
        purpose: Purpose::AuditPerson as u8,
        number: key_no,
        ttl_s: 0,
        workspace,
        subject: [9; 16],
        made_unix_s: 0,
        retired_unix_s: 0,
        id: [0; 16],
        commitment: [0; 32],
        wrapped: [0; 80],
        seal: [0; 32],
    }
    .encode()
    .to_vec()
}

impl KeyStore for Crowd {
    fn create(&self, path: KeyPath, object: &[u8]) -> Result<(), Error> {
        let raced = self.races.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if let (KeyPath::DataKey { workspace, key_no }, Ok(_)) = (path, raced) {
            self.folder.create(path, &destroyed(workspace, key_no))?;
        }
        self.folder.create(path, object)
    }

    fn replace(&self, path: KeyPath, expected: &[u8], object: &[u8]) -> Result<(), Error> {
        self.folder.replace(path, expected, object)
    }

    fn destroy(&self, path: KeyPath, expected: &[u8], tombstone: &[u8]) -> Result<(), Error> {
        self.folder.destroy(path, expected, tombstone)
    }

    fn read(&self, path: KeyPath) -> Result<Option<Vec<u8>>, Error> {
        let found = self.folder.read(path)?;
        Ok(match path {
            KeyPath::DataKey { workspace, key_no } if found.is_none() => Some(destroyed(workspace, key_no)),
            _ => found,
        })
    }

    fn versions(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error> {
        self.folder.versions(workspace)
    }

    fn key_numbers(&self, workspace: [u8; 16]) -> Result<Vec<u32>, Error> {
        let mut numbers = self.folder.key_numbers(workspace)?;
        numbers.extend(1..=self.filled.load(Ordering::SeqCst));
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn workspaces(&self) -> Result<Vec<[u8; 16]>, Error> {
        self.folder.workspaces()
    }

    fn has_roots(&self) -> Result<bool, Error> {
        self.folder.has_roots()
    }
}

fn crowd(dir: &std::path::Path) -> (Vault, Arc<AtomicU32>, Arc<AtomicU32>) {
    let (filled, races) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let folder = DirStore::open(dir).unwrap();
    let ring = LocalKeyring::open_or_create(dir).unwrap();
    let store = Crowd { folder, filled: Arc::clone(&filled), races: Arc::clone(&races) };
    let vault = Vault::new(Box::new(store), Box::new(ring), Box::new(HandClock::default()));
    vault.create_workspace(WORKSPACE).unwrap();
    (vault, filled, races)
}

#[test]
fn workspace_has_at_most_its_bound_of_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, filled, _) = crowd(dir.path());
    filled.store(65_535, Ordering::SeqCst);
    assert_eq!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap(), 65_536, "at the bound");
    let refused = vault.create_key(WORKSPACE, Purpose::AuditPerson, [2; 16]);
    assert!(matches!(refused, Err(Error::TooManyKeys { limit: 65_536 })), "one past it");
    assert!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).is_ok(), "what exists still serves");
}

#[test]
fn number_taken_by_another_node_is_left_alone_and_the_next_one_tried() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _, races) = crowd(dir.path());
    races.store(15, Ordering::SeqCst);
    let key_no = vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap();
    assert_eq!(key_no, 3 + 15 + 1, "the sixteenth try serves");
    races.store(16, Ordering::SeqCst);
    let refused = vault.create_key(WORKSPACE, Purpose::AuditPerson, [2; 16]);
    assert!(matches!(refused, Err(Error::Changed { .. })), "a seventeenth is not made");
    assert!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [2; 16]).is_ok());
}
