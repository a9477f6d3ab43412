//! The local keyring: made once, private, and useless in other hands' places.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::support::WORKSPACE;
use crate::{Error, LocalKeyring, RootCustody, RootKey, RootState, Secret, Vault, WrapContext};

const CONTEXT: WrapContext = WrapContext { workspace: WORKSPACE, purpose: 0, version: 1 };

fn file_of(dir: &Path) -> PathBuf {
    dir.join("root.keys")
}

#[test]
fn first_start_makes_a_private_keyring_and_later_ones_keep_it() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let vault = Vault::open_local(&keys).unwrap();
    assert_eq!(vault.root_beside_data(), RootCustody::BesideData);
    assert_eq!(vault.root_state(), RootState::Enabled);
    assert_eq!(fs::metadata(file_of(&keys)).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(file_of(&keys)).unwrap();
    drop(vault);
    Vault::open_local(&keys).unwrap();
    assert_eq!(fs::read(file_of(&keys)).unwrap(), before);
}

#[test]
fn keyring_that_others_may_read_is_refused() {
    for open_mode in [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o601] {
        let dir = tempfile::tempdir().unwrap();
        Vault::open_local(dir.path()).unwrap();
        fs::set_permissions(file_of(dir.path()), fs::Permissions::from_mode(open_mode)).unwrap();
        assert!(matches!(Vault::open_local(dir.path()), Err(Error::Custody { .. })), "{open_mode:o}");
        fs::set_permissions(file_of(dir.path()), fs::Permissions::from_mode(0o600)).unwrap();
        Vault::open_local(dir.path()).unwrap();
    }
}

/// Giving a file away needs root, so as another user this shows only that the keyring opens.
#[test]
fn keyring_of_another_user_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Vault::open_local(dir.path()).unwrap();
    let given_away = chown(file_of(dir.path()), Some(65_534), None).is_ok();
    let refused = matches!(Vault::open_local(dir.path()), Err(Error::Custody { .. }));
    assert_eq!(refused, given_away);
    assert_eq!(given_away, nix::unistd::geteuid().is_root());
}

#[test]
fn keyring_behind_a_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    Vault::open_local(&keys).unwrap();
    fs::rename(file_of(&keys), dir.path().join("elsewhere")).unwrap();
    symlink(dir.path().join("elsewhere"), file_of(&keys)).unwrap();
    assert!(matches!(Vault::open_local(&keys), Err(Error::Io { .. })));
}

#[test]
fn missing_keyring_beside_existing_keys_is_never_replaced_by_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open_local(dir.path()).unwrap();
    vault.create_workspace(WORKSPACE).unwrap();
    fs::remove_file(file_of(dir.path())).unwrap();
    assert!(matches!(Vault::open_local(dir.path()), Err(Error::RootMissing { .. })));
    assert!(!file_of(dir.path()).exists());
}

#[test]
fn foreign_keyring_is_noticed_at_the_start() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Vault::open_local(dir.path()).unwrap();
    Vault::open_local(other.path()).unwrap();
    fs::copy(file_of(other.path()), file_of(dir.path())).unwrap();
    assert!(matches!(Vault::open_local(dir.path()), Err(Error::WrongRoot { .. })));
}

#[test]
fn every_byte_and_every_length_of_the_keyring_counts() {
    let dir = tempfile::tempdir().unwrap();
    LocalKeyring::open_or_create(dir.path()).unwrap();
    let good = fs::read(file_of(dir.path())).unwrap();
    let mut bad: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    bad.push([good.as_slice(), &[0]].concat());
    bad.extend((0..good.len()).map(|at| {
        let mut changed = good.clone();
        changed[at] ^= 1;
        changed
    }));
    for bytes in bad {
        fs::write(file_of(dir.path()), bytes).unwrap();
        assert!(matches!(LocalKeyring::open(dir.path()), Err(Error::WrongRoot { .. })));
    }
    fs::write(file_of(dir.path()), vec![0; 1 << 20]).unwrap();
    assert!(LocalKeyring::open(dir.path()).is_err());
}

#[test]
fn crash_after_the_keyring_and_before_the_canary_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    Vault::open_local(dir.path()).unwrap();
    let keyring = fs::read(file_of(dir.path())).unwrap();
    fs::remove_dir_all(dir.path().join("root")).unwrap();
    Vault::open_local(dir.path()).unwrap();
    assert_eq!(fs::read(file_of(dir.path())).unwrap(), keyring);
    assert_eq!(fs::read_dir(dir.path().join("root")).unwrap().count(), 1);
}

#[test]
fn wrapped_for_one_context_opens_for_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let ring = LocalKeyring::open_or_create(dir.path()).unwrap();
    let key = Secret::generate();
    let wrapped = ring.wrap(&CONTEXT, &key).unwrap();
    assert_eq!(ring.unwrap(&CONTEXT, &wrapped).unwrap().expose(), key.expose());
    let others = [
        WrapContext { workspace: [0; 16], ..CONTEXT },
        WrapContext { purpose: 1, ..CONTEXT },
        WrapContext { version: 2, ..CONTEXT },
    ];
    for other in others {
        assert!(matches!(ring.unwrap(&other, &wrapped), Err(Error::DoesNotOpen)));
    }
}

#[test]
fn generations_add_up_to_a_bound_and_old_ones_still_open() {
    let dir = tempfile::tempdir().unwrap();
    let ring = LocalKeyring::open_or_create(dir.path()).unwrap();
    let key = Secret::generate();
    let first = ring.wrap(&CONTEXT, &key).unwrap();
    for generation in 2..=64 {
        assert_eq!(ring.rotate().unwrap(), generation);
    }
    assert!(matches!(ring.rotate(), Err(Error::TooManyKeys { limit: 64 })));
    let again = LocalKeyring::open(dir.path()).unwrap();
    assert_eq!(again.generation().unwrap(), 64);
    assert_eq!(again.unwrap(&CONTEXT, &first).unwrap().expose(), key.expose());
    let newest = again.rewrap(&CONTEXT, &first).unwrap();
    assert_ne!(first[..8], newest[..8]);
    assert_eq!(again.unwrap(&CONTEXT, &newest).unwrap().expose(), key.expose());
}

#[test]
fn destroyed_keyring_opens_nothing_and_stays_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let ring = LocalKeyring::open_or_create(dir.path()).unwrap();
    let wrapped = ring.wrap(&CONTEXT, &Secret::generate()).unwrap();
    ring.destroy().unwrap();
    for ring in [ring, LocalKeyring::open(dir.path()).unwrap()] {
        assert_eq!(ring.state(), RootState::Destroyed);
        assert!(matches!(ring.unwrap(&CONTEXT, &wrapped), Err(Error::RootDestroyed)));
        assert!(matches!(ring.wrap(&CONTEXT, &Secret::generate()), Err(Error::RootDestroyed)));
        assert!(matches!(ring.rotate(), Err(Error::RootDestroyed)));
    }
}
