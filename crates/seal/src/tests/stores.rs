//! The key store in a folder: durable, exclusive, private, and unmoved by what a crash leaves.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::support::WORKSPACE;
use crate::{DirStore, Error, KeyPath, KeyStore, MAX_OBJECT_BYTES};

const KEY: KeyPath = KeyPath::DataKey { workspace: WORKSPACE, key_no: 1 };
const FOLDER: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn objects_are_private_and_lie_where_their_name_says() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(&dir.path().join("keys")).unwrap();
    store.create(KEY, b"one").unwrap();
    store.create(KeyPath::WorkspaceKey { workspace: WORKSPACE, version: 3 }, b"v").unwrap();
    store.create(KeyPath::Root { root_id: [0x0f; 16] }, b"r").unwrap();
    let keys = dir.path().join("keys");
    let folders = ["", FOLDER, &format!("{FOLDER}/kek"), &format!("{FOLDER}/dek"), "root"].map(|part| keys.join(part));
    for folder in folders {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    let files = [format!("{FOLDER}/dek/1"), format!("{FOLDER}/kek/3"), format!("root/{}", "0f".repeat(16))];
    for file in files {
        assert_eq!(mode(&keys.join(&file)), 0o600, "{file}");
    }
    assert_eq!(store.key_numbers(WORKSPACE).unwrap(), [1]);
    assert_eq!(store.versions(WORKSPACE).unwrap(), [3]);
    assert_eq!(store.workspaces().unwrap(), [WORKSPACE]);
    assert!(store.has_roots().unwrap());
    assert_eq!(store.versions([1; 16]).unwrap(), [0_u32; 0]);
}

#[test]
fn name_is_given_once_and_replaced_only_as_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    store.create(KEY, b"one").unwrap();
    assert!(matches!(store.create(KEY, b"two"), Err(Error::Exists { .. })));
    assert!(matches!(store.replace(KEY, b"other", b"two"), Err(Error::Changed { .. })));
    assert_eq!(store.read(KEY).unwrap().unwrap(), b"one");
    store.replace(KEY, b"one", b"two").unwrap();
    assert_eq!(store.read(KEY).unwrap().unwrap(), b"two");
    let absent = KeyPath::DataKey { workspace: WORKSPACE, key_no: 2 };
    assert!(matches!(store.replace(absent, b"", b"two"), Err(Error::Changed { .. })));
    assert!(store.read(absent).unwrap().is_none());
}

#[test]
fn one_of_many_writers_wins_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let stores: Vec<DirStore> = (0..8).map(|_| DirStore::open(dir.path()).unwrap()).collect();
    let won = std::thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .zip(0_u8..)
            .map(|(store, no)| scope.spawn(move || store.create(KEY, &[no; 200]).is_ok().then_some(no)))
            .collect();
        let winners: Vec<u8> = writers.into_iter().filter_map(|writer| writer.join().unwrap()).collect();
        winners
    });
    assert_eq!(won.len(), 1);
    assert_eq!(stores[0].read(KEY).unwrap().unwrap(), [won[0]; 200]);
}

#[test]
fn what_a_crash_leaves_is_swept_and_never_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    store.create(KEY, b"one").unwrap();
    let left = [".tmp-00", "root/.tmp-01", &format!("{FOLDER}/dek/.tmp-02"), &format!("{FOLDER}/kek/.tmp-03")]
        .map(|name| dir.path().join(name));
    for path in &left {
        fs::write(path, b"half").unwrap();
    }
    assert_eq!(store.key_numbers(WORKSPACE).unwrap(), [1]);
    assert!(store.versions(WORKSPACE).unwrap().is_empty());
    assert!(!store.has_roots().unwrap());
    drop(store);
    let store = DirStore::open(dir.path()).unwrap();
    assert!(left.iter().all(|path| !path.exists()));
    assert_eq!(store.read(KEY).unwrap().unwrap(), b"one");
}

#[test]
fn refused_write_leaves_no_remains() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    // A folder where the object should go: the rename fails, after the temporary file was written.
    fs::create_dir_all(dir.path().join(FOLDER).join("dek/1/full")).unwrap();
    assert!(store.replace(KEY, b"", b"one").is_err());
    assert!(matches!(store.create(KEY, b"one"), Err(Error::Exists { .. })));
    let names: Vec<_> = fs::read_dir(dir.path().join(FOLDER).join("dek")).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn foreign_names_are_no_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    store.create(KEY, b"one").unwrap();
    for name in ["0", "01", "+2", "2.bak", "4294967296", "x"] {
        fs::write(dir.path().join(FOLDER).join("dek").join(name), b"").unwrap();
    }
    for name in ["AAAAAAAA-aaaa-aaaa-aaaa-aaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "lost+found"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    assert_eq!(store.key_numbers(WORKSPACE).unwrap(), [1]);
    assert_eq!(store.workspaces().unwrap(), [WORKSPACE]);
}

#[test]
fn object_size_is_bounded_in_both_directions() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    store.create(KEY, &[7; MAX_OBJECT_BYTES]).unwrap();
    assert_eq!(store.read(KEY).unwrap().unwrap().len(), MAX_OBJECT_BYTES);
    let next = KeyPath::DataKey { workspace: WORKSPACE, key_no: 2 };
    assert!(matches!(store.create(next, &[7; MAX_OBJECT_BYTES + 1]), Err(Error::DamagedKey { .. })));
    fs::write(dir.path().join(FOLDER).join("dek/2"), [7; MAX_OBJECT_BYTES + 1]).unwrap();
    assert!(matches!(store.read(next), Err(Error::DamagedKey { .. })));
}

#[test]
fn links_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    store.create(KEY, b"one").unwrap();
    let next = KeyPath::DataKey { workspace: WORKSPACE, key_no: 2 };
    symlink(dir.path().join(FOLDER).join("dek/1"), dir.path().join(FOLDER).join("dek/2")).unwrap();
    assert!(matches!(store.read(next), Err(Error::Io { .. })));
    assert!(matches!(store.create(next, b"two"), Err(Error::Exists { .. })));
}

#[test]
fn folder_is_closed_to_others_and_refused_when_they_could_write() {
    for open_mode in [0o750, 0o701, 0o755, 0o700] {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(open_mode)).unwrap();
        DirStore::open(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }
    for open_mode in [0o720, 0o702, 0o777] {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(open_mode)).unwrap();
        assert!(matches!(DirStore::open(dir.path()), Err(Error::Custody { .. })), "{open_mode:o}");
    }
}
