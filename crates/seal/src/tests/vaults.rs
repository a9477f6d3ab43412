//! Vaults: keys that are durable before use, cached within bounds, and apart between workspaces.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::support::{HandClock, ROW, WORKSPACE};
use crate::cache::Cache;
use crate::record::{KeyRecord, State};
use crate::{DirStore, Error, KeyPath, KeyStore, LocalKeyring, Purpose, Secret, Vault, columns};

fn vault_in(dir: &Path) -> (Vault, HandClock) {
    let clock = HandClock::default();
    let store = DirStore::open(dir).unwrap();
    let ring = LocalKeyring::open_or_create(dir).unwrap();
    let vault = Vault::new(Box::new(store), Box::new(ring), Box::new(clock.clone()));
    vault.confirm_root().unwrap();
    (vault, clock)
}

fn workspace_no(no: u32) -> [u8; 16] {
    let mut id = [0x11; 16];
    id[12..].copy_from_slice(&no.to_be_bytes());
    id
}

#[test]
fn values_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Vault::open_local(dir.path()).unwrap().create_workspace(WORKSPACE).unwrap();
    let sealed = keys.seal::<columns::GroupName>(ROW, &"Einkauf".to_owned()).unwrap();
    let index = keys.blind::<columns::GroupNameIndex>(b"einkauf");
    let again = Vault::open_local(dir.path()).unwrap().workspace(WORKSPACE).unwrap();
    assert_eq!(again.open(ROW, &sealed).unwrap(), "Einkauf");
    assert_eq!(again.blind::<columns::GroupNameIndex>(b"einkauf"), index);
    assert_eq!(again.workspace(), WORKSPACE);
    assert_eq!(again.key_count(), 3);
}

#[test]
fn creating_again_gives_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let first = vault.create_workspace(WORKSPACE).unwrap();
    vault.forget(WORKSPACE);
    let second = vault.create_workspace(WORKSPACE).unwrap();
    assert_eq!(first.mac("x", &[]), second.mac("x", &[]));
    assert_eq!(second.key_count(), 3);
}

/// After each object that creating a workspace writes, the process dies; the next attempt completes it.
#[test]
fn interrupted_creation_is_completed_from_every_point() {
    for lost in 0..=3_usize {
        let dir = tempfile::tempdir().unwrap();
        let (vault, _) = vault_in(dir.path());
        vault.create_workspace(WORKSPACE).unwrap();
        let folder = dir.path().join("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
        for key_no in (1..=3).rev().take(lost) {
            fs::remove_file(folder.join(format!("dek/{key_no}"))).unwrap();
        }
        fs::write(folder.join("dek/.tmp-half"), [0; 100]).unwrap();
        let (vault, _) = vault_in(dir.path());
        assert_eq!(matches!(vault.workspace(WORKSPACE), Err(Error::Incomplete)), lost > 0);
        assert_eq!(vault.create_workspace(WORKSPACE).unwrap().key_count(), 3);
    }
}

#[test]
fn unknown_workspace_is_said_to_be_unknown_and_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    assert!(vault.cached(WORKSPACE).is_none());
    assert!(matches!(vault.workspace(WORKSPACE), Err(Error::UnknownWorkspace)));
    let refused = vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]);
    assert!(matches!(refused, Err(Error::UnknownWorkspace)));
    assert!(DirStore::open(dir.path()).unwrap().workspaces().unwrap().is_empty());
}

#[test]
fn key_of_a_subject_is_made_once_and_usable_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let key_no = vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap();
    assert_eq!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap(), key_no);
    let keys = vault.cached(WORKSPACE).unwrap();
    assert_eq!(keys.find_key(Purpose::AuditPerson, [1; 16]), Some(key_no));
    assert_eq!(keys.find_key(Purpose::AuditPeriod, [1; 16]), None);
    let others = [(Purpose::AuditPeriod, [1; 16]), (Purpose::AuditPerson, [2; 16])];
    for (purpose, subject) in others {
        assert_ne!(vault.create_key(WORKSPACE, purpose, subject).unwrap(), key_no);
    }
    let sealed = keys.seal_under::<columns::AuditPersonPart>(key_no, ROW, &b"who".to_vec()).unwrap();
    let (restarted, _) = vault_in(dir.path());
    assert_eq!(restarted.workspace(WORKSPACE).unwrap().open(ROW, &sealed).unwrap(), b"who");
}

#[test]
fn making_many_keys_reads_the_store_once() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let loads = vault.stats().loads;
    for subject in 1..=50 {
        vault.create_key(WORKSPACE, Purpose::AuditPerson, [subject; 16]).unwrap();
    }
    assert_eq!(vault.stats().loads, loads);
    assert_eq!(vault.cached(WORKSPACE).unwrap().key_count(), 53);
}

#[test]
fn many_threads_and_vaults_get_one_key_each_number() {
    let dir = tempfile::tempdir().unwrap();
    let vaults: Vec<Vault> = (0..2).map(|_| vault_in(dir.path()).0).collect();
    vaults[0].create_workspace(WORKSPACE).unwrap();
    let mut numbers: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1_u8..=8)
            .map(|no| {
                let vault = &vaults[usize::from(no % 2)];
                scope.spawn(move || vault.create_key(WORKSPACE, Purpose::AuditPerson, [no; 16]).unwrap())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, [4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn cold_start_costs_one_unwrap_and_one_load_however_many_wait() {
    let dir = tempfile::tempdir().unwrap();
    vault_in(dir.path()).0.create_workspace(WORKSPACE).unwrap();
    let (vault, _) = vault_in(dir.path());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| vault.workspace(WORKSPACE).unwrap());
        }
    });
    let stats = vault.stats();
    assert_eq!((stats.root_unwraps, stats.loads, stats.hits), (1, 1, 15));
    assert_eq!(stats.cached_keys, 3);
}

#[test]
fn opened_keys_end_with_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, clock) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    clock.advance_ms(299_999);
    assert!(vault.cached(WORKSPACE).is_some());
    vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap();
    clock.advance_ms(1);
    assert!(vault.cached(WORKSPACE).is_none(), "a new key does not prolong the old ones");
    assert_eq!(vault.stats().cached_keys, 0);
    vault.workspace(WORKSPACE).unwrap();
    clock.advance_ms(300_000);
    vault.sweep();
    assert_eq!(vault.stats().cached_keys, 0);
}

#[test]
fn cache_is_bounded_and_drops_the_longest_unused() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let keys: Vec<_> = (0..4).map(|no| vault.create_workspace(workspace_no(no)).unwrap()).collect();
    let (now, later) = (std::time::Duration::ZERO, std::time::Duration::from_secs(1));
    let mut cache = Cache::new(9);
    for keys in &keys[..3] {
        cache.put(Arc::clone(keys), now, later);
    }
    assert_eq!(cache.key_count(), 9, "at the bound all stay");
    assert!(cache.find(&workspace_no(0), now).is_some());
    cache.put(Arc::clone(&keys[3]), now, later);
    assert_eq!(cache.key_count(), 9, "one past it one goes");
    assert!(cache.find(&workspace_no(1), now).is_none());
    assert!(cache.find(&workspace_no(0), now).is_some());
    let mut small = Cache::new(2);
    small.put(Arc::clone(&keys[0]), now, later);
    assert_eq!(small.key_count(), 3, "one workspace is always held");
    small.put(Arc::clone(&keys[1]), now, later);
    assert_eq!(small.key_count(), 3);
    assert!(small.find(&workspace_no(0), now).is_none());
}

#[test]
fn forgotten_keys_are_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    vault.forget(WORKSPACE);
    assert!(vault.cached(WORKSPACE).is_none());
    vault.workspace(WORKSPACE).unwrap();
    assert!(vault.cached(WORKSPACE).is_some());
}

#[test]
fn keys_of_two_workspaces_open_nothing_of_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let here = vault.create_workspace(workspace_no(1)).unwrap();
    let there = vault.create_workspace(workspace_no(2)).unwrap();
    let sealed = here.seal::<columns::CommentBody>(ROW, &"ours".to_owned()).unwrap();
    assert!(matches!(there.open(ROW, &sealed), Err(Error::DoesNotOpen)));
    assert_ne!(here.blind::<columns::PersonEmail>(b"a@b"), there.blind::<columns::PersonEmail>(b"a@b"));
    assert_ne!(here.mac("x", &[]), there.mac("x", &[]));
}

#[test]
fn misplaced_damaged_and_foreign_objects_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(workspace_no(1)).unwrap();
    vault.create_workspace(workspace_no(2)).unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    let object = |workspace, key_no| KeyPath::DataKey { workspace, key_no };
    let good = store.read(object(workspace_no(1), 1)).unwrap().unwrap();
    let of_neighbour = store.read(object(workspace_no(2), 1)).unwrap().unwrap();
    let of_other_number = store.read(object(workspace_no(1), 2)).unwrap().unwrap();
    let mut renamed = of_neighbour.clone();
    renamed[16..32].copy_from_slice(&workspace_no(1));
    let mut bad = vec![of_neighbour, of_other_number, renamed, good[..100].to_vec(), Vec::new()];
    bad.extend((0..good.len()).filter(|at| !(64..80).contains(at)).map(|at| {
        let mut changed = good.clone();
        changed[at] ^= 1;
        changed
    }));
    let mut current = good.clone();
    for object_bytes in bad {
        store.replace(object(workspace_no(1), 1), &current, &object_bytes).unwrap();
        vault.forget(workspace_no(1));
        assert!(matches!(vault.workspace(workspace_no(1)), Err(Error::DamagedKey { .. })));
        assert!(vault.workspace(workspace_no(2)).is_ok(), "the neighbour is untouched");
        current = object_bytes;
    }
    store.replace(object(workspace_no(1), 1), &current, &good).unwrap();
    assert!(vault.workspace(workspace_no(1)).is_ok());
}

#[test]
fn retired_key_opens_but_no_longer_seals() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let keys = vault.create_workspace(WORKSPACE).unwrap();
    let sealed = keys.seal::<columns::CommentBody>(ROW, &"old".to_owned()).unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    let path = KeyPath::DataKey { workspace: WORKSPACE, key_no: sealed.key_no() };
    let before = store.read(path).unwrap().unwrap();
    let mut record = KeyRecord::decode(&before).unwrap();
    let key = data_key_bytes(dir.path(), &record);
    record.state = State::OpensOnly;
    store.replace(path, &before, &record.sealed_by(&key).encode()).unwrap();
    vault.forget(WORKSPACE);
    let key_no = vault.create_workspace(WORKSPACE).unwrap().find_key(Purpose::Field, [0; 16]).unwrap();
    assert_ne!(key_no, sealed.key_no());
    let keys = vault.workspace(WORKSPACE).unwrap();
    assert_eq!(keys.open(ROW, &sealed).unwrap(), "old");
    assert_eq!(keys.seal::<columns::CommentBody>(ROW, &"new".to_owned()).unwrap().key_no(), key_no);
}

/// Unwraps a data key as the vault does.
fn data_key_bytes(dir: &Path, record: &KeyRecord) -> Secret<32> {
    use crate::wrap::{WrapKind, WrapPlace, unwrap};
    use crate::{RootKey, WrapContext};
    let store = DirStore::open(dir).unwrap();
    let path = KeyPath::WorkspaceKey { workspace: WORKSPACE, version: 1 };
    let parent = KeyRecord::decode(&store.read(path).unwrap().unwrap()).unwrap();
    let context = WrapContext { workspace: WORKSPACE, purpose: 0, version: 1 };
    let parent = LocalKeyring::open(dir).unwrap().unwrap(&context, &parent.wrapped).unwrap();
    let place = WrapPlace {
        kind: WrapKind::DataKey,
        parent: 1,
        workspace: WORKSPACE,
        purpose: record.purpose,
        number: record.number,
        subject: record.subject,
    };
    unwrap(&crate::xaes::XaesKey::new(parent.expose()), &place, &record.wrapped).unwrap()
}

#[test]
fn rotating_the_root_touches_no_data_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let keys = vault.create_workspace(workspace_no(1)).unwrap();
    vault.create_workspace(workspace_no(2)).unwrap();
    let sealed = keys.seal::<columns::CommentBody>(ROW, &"old".to_owned()).unwrap();
    let data_keys = fs::read(dir.path().join("11111111-1111-1111-1111-111100000001/dek/1")).ok();
    assert_eq!(vault.rotate_root().unwrap(), 2);
    let again = Vault::open_local(dir.path()).unwrap();
    assert_eq!(again.workspace(workspace_no(1)).unwrap().open(ROW, &sealed).unwrap(), "old");
    assert_eq!(fs::read(dir.path().join("11111111-1111-1111-1111-111100000001/dek/1")).ok(), data_keys);
    assert!(data_keys.is_some());
}

#[test]
fn no_raw_key_lies_in_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let store = DirStore::open(dir.path()).unwrap();
    for key_no in store.key_numbers(WORKSPACE).unwrap() {
        let path = KeyPath::DataKey { workspace: WORKSPACE, key_no };
        let object = store.read(path).unwrap().unwrap();
        let key = data_key_bytes(dir.path(), &KeyRecord::decode(&object).unwrap());
        assert!(object.windows(32).all(|window| window != key.expose()));
    }
}

#[test]
fn withdrawn_root_drops_opened_keys_and_an_unreadable_store_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let canary = fs::read_dir(dir.path().join("root")).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&canary).unwrap();
    fs::remove_file(&canary).unwrap();
    std::os::unix::fs::symlink("nowhere", &canary).unwrap();
    assert!(matches!(vault.confirm_root(), Err(Error::Io { .. })));
    assert!(vault.cached(WORKSPACE).is_some());
    fs::remove_file(&canary).unwrap();
    let mut foreign = good.clone();
    foreign[150] ^= 1;
    fs::write(&canary, foreign).unwrap();
    assert!(matches!(vault.confirm_root(), Err(Error::DoesNotOpen)));
    assert!(vault.cached(WORKSPACE).is_none());
    fs::write(&canary, good).unwrap();
    vault.confirm_root().unwrap();
    vault.workspace(WORKSPACE).unwrap();
}

#[test]
fn destroyed_key_opens_nothing_seals_nothing_and_keeps_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let [mine, other] = [1, 2].map(|subject| vault.create_key(WORKSPACE, Purpose::AuditPerson, [subject; 16]).unwrap());
    let seal = |key_no| {
        let keys = vault.workspace(WORKSPACE).unwrap();
        keys.seal_under::<columns::AuditPersonPart>(key_no, ROW, &b"who".to_vec())
    };
    let [sealed, kept] = [mine, other].map(|key_no| seal(key_no).unwrap());
    let file = dir.path().join(format!("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa/dek/{mine}"));
    let wrapped = fs::read(&file).unwrap()[112..192].to_vec();
    assert_eq!(vault.keys_of(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap(), [mine]);

    let first = vault.destroy_key(WORKSPACE, Purpose::AuditPerson, mine).unwrap();
    let again = vault.destroy_key(WORKSPACE, Purpose::AuditPerson, mine).unwrap();
    assert_eq!(first, again, "destroying it again changes nothing");
    assert_ne!(first.commitment, [0; 32]);
    assert!(matches!(seal(mine), Err(Error::NoKey(Purpose::AuditPerson))));
    let (restarted, _) = vault_in(dir.path());
    for vault in [&vault, &restarted] {
        let keys = vault.workspace(WORKSPACE).unwrap();
        assert!(matches!(keys.open(ROW, &sealed), Err(Error::DoesNotOpen)));
        assert_eq!(keys.open(ROW, &kept).unwrap(), b"who", "the others still open");
        assert!(vault.keys_of(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap().is_empty());
    }
    let stored = fs::read(&file).unwrap();
    assert!(!stored.windows(16).any(|bytes| wrapped.windows(16).any(|old| old == bytes)), "no byte of it is left");
    assert_eq!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap(), other + 1);
}

#[test]
fn only_keys_of_a_person_or_a_period_are_destroyed_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let mine = vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap();
    for (purpose, key_no) in [(Purpose::Field, 1), (Purpose::AuditPerson, 1), (Purpose::AuditPeriod, mine)] {
        let refused = vault.destroy_key(WORKSPACE, purpose, key_no);
        assert!(matches!(refused, Err(Error::NoKey(_))), "{purpose:?} {key_no}");
    }
    assert!(matches!(vault.destroy_key(WORKSPACE, Purpose::AuditPerson, 99), Err(Error::DamagedKey { .. })));
    assert_eq!(vault.workspace(WORKSPACE).unwrap().key_count(), 4);
}

#[test]
fn a_destroyed_workspace_is_unknown_everywhere_and_stays_it() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    let (other, half) = (workspace_no(1), workspace_no(2));
    vault.create_workspace(other).unwrap();
    let keys = vault.create_workspace(WORKSPACE).unwrap();
    vault.create_key(WORKSPACE, Purpose::AuditPerson, [1; 16]).unwrap();
    let sealed = keys.seal::<columns::GroupName>(ROW, &"Einkauf".to_owned()).unwrap();
    assert!(vault.destroyed_workspaces().unwrap().is_empty());

    let first = vault.destroy_workspace(WORKSPACE).unwrap();
    assert_eq!(first.keys, 5, "the workspace key and four data keys");
    assert_eq!(vault.destroy_workspace(WORKSPACE).unwrap(), first, "destroying it again changes nothing");
    assert!(matches!(vault.destroy_workspace(half), Err(Error::UnknownWorkspace)));
    let (restarted, _) = vault_in(dir.path());
    for vault in [&vault, &restarted] {
        assert!(matches!(vault.workspace(WORKSPACE), Err(Error::UnknownWorkspace)));
        assert!(matches!(vault.create_workspace(WORKSPACE), Err(Error::UnknownWorkspace)), "no second life");
        assert!(matches!(vault.create_key(WORKSPACE, Purpose::AuditPerson, [2; 16]), Err(Error::UnknownWorkspace)));
        assert_eq!(vault.destroyed_workspaces().unwrap(), [WORKSPACE]);
        let stranger = vault.workspace(other).unwrap();
        assert!(stranger.open(ROW, &sealed).is_err());
    }
    let folder = dir.path().join("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
    for file in ["kek/1", "dek/1", "dek/2", "dek/3", "dek/4"] {
        let object = fs::read(folder.join(file)).unwrap();
        assert!(object[112..].iter().all(|byte| *byte == 0), "{file}: no byte of the wrapped key is left");
    }
}

#[test]
fn an_interrupted_destruction_opens_nothing_and_is_carried_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, _) = vault_in(dir.path());
    vault.create_workspace(WORKSPACE).unwrap();
    let folder = dir.path().join("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
    let data_key = fs::read(folder.join("dek/2")).unwrap();
    let whole = vault.destroy_workspace(WORKSPACE).unwrap();
    fs::write(folder.join("dek/2"), data_key).unwrap();
    let (restarted, _) = vault_in(dir.path());
    assert!(matches!(restarted.workspace(WORKSPACE), Err(Error::UnknownWorkspace)));
    assert_eq!(restarted.destroy_workspace(WORKSPACE).unwrap(), whole);
    assert!(fs::read(folder.join("dek/2")).unwrap()[112..].iter().all(|byte| *byte == 0));
}
