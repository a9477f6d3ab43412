//! Key store, root key and cache together: hands out the keys of workspaces.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cache::Cache;
use crate::record::{KeyRecord, Kind, State};
use crate::workspace::{DataKey, MAX_KEYS};
use crate::wrap::{self, WRAPPED_BYTES, WrapKind, WrapPlace};
use crate::xaes::XaesKey;
use crate::{
    DirStore, Error, KeyPath, KeyStore, LocalKeyring, Purpose, RootCustody, RootKey, RootState, Secret, WorkspaceKeys,
    WrapContext, random,
};

mod destroy;

pub use destroy::{Destroyed, DestroyedWorkspace, Gone};

/// How long opened keys stay usable without a look into the store, unless a workspace says otherwise.
const TTL_S: u32 = 300;
/// The most data keys held open, over all workspaces.
const MAX_CACHED_KEYS: usize = 10_000;
/// How often a number is tried again that another node took first.
const MAX_NUMBER_TRIES: u32 = 16;
/// What every workspace has.
const BASIC_PURPOSES: [Purpose; 3] = [Purpose::Field, Purpose::Blind, Purpose::Url];

/// The time, as the vault needs it.
pub trait Clock: Send + Sync {
    /// Time since a fixed instant; never goes back.
    fn monotonic(&self) -> Duration;
    /// Seconds since 1970, for the birth dates in key objects; nothing is decided by it.
    fn unix_s(&self) -> u64;
}

/// The machine's clocks.
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "birth dates of keys are told to people and decide nothing; there is no database here"
    )]
    fn unix_s(&self) -> u64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// Counts since the start, for metrics and the security page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultStats {
    /// Times the root key unwrapped a workspace key.
    pub root_unwraps: u64,
    /// Times keys came from the cache.
    pub hits: u64,
    /// Times keys were read from the store.
    pub loads: u64,
    /// Data keys held open now.
    pub cached_keys: usize,
}

/// Hands out the keys of workspaces. One per process; share it.
pub struct Vault {
    store: Box<dyn KeyStore>,
    root: Box<dyn RootKey>,
    clock: Box<dyn Clock>,
    cache: Mutex<Cache>,
    flights: Mutex<HashMap<[u8; 16], Arc<Mutex<()>>>>,
    root_unwraps: AtomicU64,
    hits: AtomicU64,
    loads: AtomicU64,
}

type Keys = BTreeMap<u32, Arc<DataKey>>;

/// A workspace's keys as they lie in the store, opened.
struct Loaded {
    keys: Keys,
    ttl_s: u32,
}

/// A workspace key in use.
struct WorkspaceKey {
    version: u32,
    prepared: XaesKey,
    ttl_s: u32,
    state: State,
}

impl Vault {
    /// Opens the key folder of this machine with its local keyring. The first start makes both:
    /// the folder with mode 0700 and `root.keys` with mode 0600.
    ///
    /// # Errors
    /// [`Error::Custody`] when others may write to the folder or read the keyring, or these are somebody else's;
    /// [`Error::RootMissing`] and [`Error::WrongRoot`] when keys exist that the keyring does not open;
    /// [`Error::Io`].
    pub fn open_local(keys_dir: &Path) -> Result<Vault, Error> {
        let store = DirStore::open(keys_dir)?;
        let used = store.has_roots()? || !store.workspaces()?.is_empty();
        let root = if used { LocalKeyring::open(keys_dir)? } else { LocalKeyring::open_or_create(keys_dir)? };
        let vault = Self::new(Box::new(store), Box::new(root), Box::new(SystemClock::default()));
        vault.confirm_root().map_err(|error| match error {
            Error::DoesNotOpen => Error::WrongRoot { path: keys_dir.join("root.keys") },
            other => other,
        })?;
        Ok(vault)
    }

    /// Puts a vault together from its parts.
    #[must_use]
    pub fn new(store: Box<dyn KeyStore>, root: Box<dyn RootKey>, clock: Box<dyn Clock>) -> Self {
        Self {
            store,
            root,
            clock,
            cache: Mutex::new(Cache::new(MAX_CACHED_KEYS)),
            flights: Mutex::new(HashMap::new()),
            root_unwraps: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            loads: AtomicU64::new(0),
        }
    }

    /// The keys of a workspace if they are at hand; no I/O.
    #[must_use]
    pub fn cached(&self, workspace: [u8; 16]) -> Option<Arc<WorkspaceKeys>> {
        let found = lock(&self.cache).find(&workspace, self.clock.monotonic());
        if found.is_some() {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// The keys of a workspace, from the cache or read from the store once for all who wait. Blocks.
    ///
    /// # Errors
    /// [`Error::UnknownWorkspace`]; [`Error::Incomplete`]; [`Error::DamagedKey`];
    /// [`Error::RootDestroyed`]; [`Error::Io`].
    pub fn workspace(&self, workspace: [u8; 16]) -> Result<Arc<WorkspaceKeys>, Error> {
        if let Some(keys) = self.cached(workspace) {
            return Ok(keys);
        }
        self.alone_in(workspace, || {
            if let Some(keys) = self.cached(workspace) {
                return Ok(keys);
            }
            let loaded = self.load(workspace)?;
            self.keep(workspace, loaded.keys, self.expiry(loaded.ttl_s))
        })
    }

    /// Makes the keys of a workspace: a workspace key and one data key each for fields, blind indexes
    /// and signatures. Doing it again completes what was interrupted and returns the same keys. Blocks.
    ///
    /// # Errors
    /// [`Error::RootDestroyed`]; [`Error::DamagedKey`]; [`Error::Io`].
    pub fn create_workspace(&self, workspace: [u8; 16]) -> Result<Arc<WorkspaceKeys>, Error> {
        self.alone_in(workspace, || {
            if self.store.versions(workspace)?.is_empty() {
                match self.create_workspace_key(workspace) {
                    // Another node was first; its key serves.
                    Ok(()) | Err(Error::Exists { .. }) => {}
                    Err(other) => return Err(other),
                }
            }
            let mut loaded = self.load(workspace)?;
            for purpose in BASIC_PURPOSES {
                if active_key(&loaded.keys, purpose, [0; 16]).is_none() {
                    self.add_key(workspace, &mut loaded.keys, purpose, [0; 16])?;
                }
            }
            self.keep(workspace, loaded.keys, self.expiry(loaded.ttl_s))
        })
    }

    /// Number of the active key of a purpose and subject, making it when there is none. It is durable
    /// before this returns, and [`Vault::workspace`] hands it out from now on. Blocks.
    ///
    /// # Errors
    /// As [`Vault::workspace`], and [`Error::TooManyKeys`].
    pub fn create_key(&self, workspace: [u8; 16], purpose: Purpose, subject: [u8; 16]) -> Result<u32, Error> {
        self.alone_in(workspace, || {
            let (mut keys, expires_at) = self.refreshed(workspace)?;
            let key_no = match active_key(&keys, purpose, subject) {
                Some(key_no) => key_no,
                None => self.add_key(workspace, &mut keys, purpose, subject)?,
            };
            self.keep(workspace, keys, expires_at)?;
            Ok(key_no)
        })
    }

    /// Where the root key lies.
    #[must_use]
    pub fn root_beside_data(&self) -> RootCustody {
        self.root.custody()
    }

    /// What the root key's keeper says.
    #[must_use]
    pub fn root_state(&self) -> RootState {
        self.root.state()
    }

    /// Drops the opened keys of a workspace from the cache; the next use reads the store.
    pub fn forget(&self, workspace: [u8; 16]) {
        lock(&self.cache).remove(&workspace);
    }

    /// Drops opened keys whose time is over. Call it about once a minute, so that unused keys go.
    pub fn sweep(&self) {
        lock(&self.cache).drop_expired(self.clock.monotonic());
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> VaultStats {
        VaultStats {
            root_unwraps: self.root_unwraps.load(Ordering::Relaxed),
            hits: self.hits.load(Ordering::Relaxed),
            loads: self.loads.load(Ordering::Relaxed),
            cached_keys: lock(&self.cache).key_count(),
        }
    }

    /// Proves that the root key fits this store, by opening the store's canary; writes the canary at the
    /// first start. Call it about once a minute: a withdrawn root shows here first, and then all opened
    /// keys are dropped. A store that cannot be read drops none; they end with their time. Blocks.
    ///
    /// # Errors
    /// [`Error::DoesNotOpen`] when the root is another one; [`Error::RootDestroyed`]; [`Error::Io`].
    pub fn confirm_root(&self) -> Result<(), Error> {
        let confirmed = self.open_canary();
        if !matches!(confirmed, Ok(()) | Err(Error::Io { .. })) {
            lock(&self.cache).clear();
        }
        confirmed
    }

    /// Gives the root a new generation and wraps every workspace key under it again; no data is
    /// touched. Repeat it when it was interrupted. Returns how many workspace keys were wrapped. Blocks.
    ///
    /// # Errors
    /// The root's refusal; [`Error::DamagedKey`]; [`Error::Changed`]; [`Error::Io`].
    pub fn rotate_root(&self) -> Result<usize, Error> {
        self.root.rotate()?;
        let path = KeyPath::Root { root_id: self.root.id() };
        self.rewrap(path)?;
        let mut wrapped = 0;
        for workspace in self.store.workspaces()? {
            for version in self.store.versions(workspace)? {
                self.rewrap(KeyPath::WorkspaceKey { workspace, version })?;
                wrapped += 1;
            }
        }
        Ok(wrapped)
    }

    fn rewrap(&self, path: KeyPath) -> Result<(), Error> {
        let (old, mut record) = self.read(path)?;
        if record.state == State::Destroyed {
            return Ok(());
        }
        record.wrapped = self.root.rewrap(&root_context(&record), &record.wrapped)?;
        self.store.replace(path, &old, &record.encode())
    }

    fn open_canary(&self) -> Result<(), Error> {
        let path = KeyPath::Root { root_id: self.root.id() };
        if self.store.read(path)?.is_none() {
            if self.store.has_roots()? {
                return Err(Error::DoesNotOpen);
            }
            let record = self.root_record(Kind::Root, [0; 16], 1)?;
            match self.store.create(path, &record.encode()) {
                Ok(()) | Err(Error::Exists { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let (_, record) = self.read(path)?;
        let canary = self.root.unwrap(&root_context(&record), &record.wrapped)?;
        if record.kind == Kind::Root && record.is_sealed_by(&canary) { Ok(()) } else { Err(Error::DoesNotOpen) }
    }

    fn create_workspace_key(&self, workspace: [u8; 16]) -> Result<(), Error> {
        let record = self.root_record(Kind::WorkspaceKey, workspace, 1)?;
        let path = KeyPath::WorkspaceKey { workspace, version: 1 };
        self.store.create(path, &record.encode())
    }

    /// A fresh key wrapped by the root: a workspace key, or the canary.
    fn root_record(&self, kind: Kind, workspace: [u8; 16], number: u32) -> Result<KeyRecord, Error> {
        let key = Secret::generate();
        let mut record = KeyRecord {
            kind,
            state: State::Active,
            purpose: u8::from(kind == Kind::Root),
            number,
            ttl_s: if kind == Kind::Root { 0 } else { TTL_S },
            workspace,
            subject: [0; 16],
            made_unix_s: self.clock.unix_s(),
            retired_unix_s: 0,
            id: self.root.id(),
            commitment: [0; 32],
            wrapped: [0; WRAPPED_BYTES],
            seal: [0; 32],
        };
        record.wrapped = self.root.wrap(&root_context(&record), &key)?;
        Ok(record.sealed_by(&key))
    }

    /// Makes a data key durable and adds it to `keys`.
    fn add_key(&self, workspace: [u8; 16], keys: &mut Keys, purpose: Purpose, subject: [u8; 16]) -> Result<u32, Error> {
        let parent = self
            .workspace_keys(workspace)?
            .into_values()
            .rfind(|key| key.state == State::Active)
            .ok_or(Error::UnknownWorkspace)?;
        for _ in 0..MAX_NUMBER_TRIES {
            let taken = self.store.key_numbers(workspace)?;
            if taken.len() >= MAX_KEYS {
                return Err(Error::TooManyKeys { limit: MAX_KEYS });
            }
            let key_no = taken.last().map_or(Some(1), |last| last.checked_add(1));
            let key_no = key_no.ok_or(Error::TooManyKeys { limit: MAX_KEYS })?;
            let key = Secret::generate();
            let record = self.data_record(&parent, workspace, key_no, purpose, subject, &key);
            let path = KeyPath::DataKey { workspace, key_no };
            match self.store.create(path, &record.encode()) {
                Ok(()) => {
                    let opened = DataKey::new(key_no, purpose, subject, State::Active, key);
                    keys.insert(key_no, Arc::new(opened));
                    return Ok(key_no);
                }
                Err(Error::Exists { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Error::Changed { object: format!("{purpose:?} key") })
    }

    fn data_record(
        &self,
        parent: &WorkspaceKey,
        workspace: [u8; 16],
        key_no: u32,
        purpose: Purpose,
        subject: [u8; 16],
        key: &Secret<32>,
    ) -> KeyRecord {
        let mut record = KeyRecord {
            kind: Kind::DataKey,
            state: State::Active,
            purpose: purpose as u8,
            number: key_no,
            ttl_s: 0,
            workspace,
            subject,
            made_unix_s: self.clock.unix_s(),
            retired_unix_s: 0,
            id: random(),
            commitment: [0; 32],
            wrapped: [0; WRAPPED_BYTES],
            seal: [0; 32],
        };
        let place = data_place(&record, parent.version);
        record.wrapped = wrap::wrap(&parent.prepared, &place, key);
        record.sealed_by(key)
    }

    /// Reads every key of a workspace.
    fn load(&self, workspace: [u8; 16]) -> Result<Loaded, Error> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let parents = self.workspace_keys(workspace)?;
        let newest = parents.values().next_back().ok_or(Error::UnknownWorkspace)?;
        let mut keys = Keys::new();
        for key_no in self.store.key_numbers(workspace)? {
            if let Some(key) = self.data_key(workspace, key_no, &parents)? {
                keys.insert(key_no, Arc::new(key));
            }
        }
        Ok(Loaded { ttl_s: newest.ttl_s, keys })
    }

    /// The keys at hand together with those that appeared in the store since, and when they end; all of
    /// them from the store when none are at hand.
    fn refreshed(&self, workspace: [u8; 16]) -> Result<(Keys, Duration), Error> {
        let at_hand = {
            let mut cache = lock(&self.cache);
            let found = cache.find(&workspace, self.clock.monotonic());
            found.zip(cache.expires_at(&workspace))
        };
        let Some((found, expires_at)) = at_hand else {
            let loaded = self.load(workspace)?;
            return Ok((loaded.keys, self.expiry(loaded.ttl_s)));
        };
        let mut keys = found.keys().clone();
        let unseen: Vec<u32> =
            self.store.key_numbers(workspace)?.into_iter().filter(|key_no| !keys.contains_key(key_no)).collect();
        if !unseen.is_empty() {
            let parents = self.workspace_keys(workspace)?;
            for key_no in unseen {
                if let Some(key) = self.data_key(workspace, key_no, &parents)? {
                    keys.insert(key_no, Arc::new(key));
                }
            }
        }
        Ok((keys, expires_at))
    }

    /// Opens every workspace key that is not destroyed: one root call each, usually one in all.
    fn workspace_keys(&self, workspace: [u8; 16]) -> Result<BTreeMap<u32, WorkspaceKey>, Error> {
        let mut found = BTreeMap::new();
        for version in self.store.versions(workspace)? {
            let path = KeyPath::WorkspaceKey { workspace, version };
            let (_, record) = self.read(path)?;
            if record.state == State::Destroyed {
                continue;
            }
            self.root_unwraps.fetch_add(1, Ordering::Relaxed);
            let key = match self.root.unwrap(&root_context(&record), &record.wrapped) {
                Err(Error::DoesNotOpen) => return Err(damaged(path)),
                other => other?,
            };
            if !record.is_sealed_by(&key) {
                return Err(damaged(path));
            }
            let opened = WorkspaceKey {
                version,
                prepared: XaesKey::new(key.expose()),
                ttl_s: record.ttl_s,
                state: record.state,
            };
            found.insert(version, opened);
        }
        if found.is_empty() {
            return Err(Error::UnknownWorkspace);
        }
        Ok(found)
    }

    /// Opens one data key; `None` when it was destroyed.
    fn data_key(
        &self,
        workspace: [u8; 16],
        key_no: u32,
        parents: &BTreeMap<u32, WorkspaceKey>,
    ) -> Result<Option<DataKey>, Error> {
        let path = KeyPath::DataKey { workspace, key_no };
        let (_, record) = self.read(path)?;
        if record.state == State::Destroyed {
            return Ok(None);
        }
        let purpose = record.data_purpose()?;
        let key = wrap::parent(&record.wrapped)
            .and_then(|parent| parents.get(&parent))
            .and_then(|parent| {
                let place = data_place(&record, parent.version);
                wrap::unwrap(&parent.prepared, &place, &record.wrapped)
            })
            .filter(|key| record.is_sealed_by(key))
            .ok_or_else(|| damaged(path))?;
        Ok(Some(DataKey::new(key_no, purpose, record.subject, record.state, key)))
    }

    /// Reads an object and checks that it is what its name says.
    fn read(&self, path: KeyPath) -> Result<(Vec<u8>, KeyRecord), Error> {
        let bytes = self.store.read(path)?.ok_or_else(|| damaged(path))?;
        let record = KeyRecord::decode(&bytes).ok_or_else(|| damaged(path))?;
        let at_home = match path {
            KeyPath::Root { root_id } => record.kind == Kind::Root && record.id == root_id,
            KeyPath::WorkspaceKey { workspace, version } => {
                record.kind == Kind::WorkspaceKey && record.workspace == workspace && record.number == version
            }
            KeyPath::DataKey { workspace, key_no } => {
                record.kind == Kind::DataKey && record.workspace == workspace && record.number == key_no
            }
        };
        if at_home { Ok((bytes, record)) } else { Err(damaged(path)) }
    }

    fn expiry(&self, ttl_s: u32) -> Duration {
        self.clock.monotonic() + Duration::from_secs(u64::from(ttl_s))
    }

    fn keep(&self, workspace: [u8; 16], keys: Keys, expires_at: Duration) -> Result<Arc<WorkspaceKeys>, Error> {
        let keys = Arc::new(WorkspaceKeys::gather(workspace, keys).ok_or(Error::Incomplete)?);
        let now = self.clock.monotonic();
        lock(&self.cache).put(Arc::clone(&keys), now, expires_at);
        Ok(keys)
    }

    /// Runs work that reads or writes the store for a workspace, one at a time per workspace.
    fn alone_in<T>(&self, workspace: [u8; 16], work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let flight = Arc::clone(lock(&self.flights).entry(workspace).or_default());
        let done = {
            let _alone = lock(&flight);
            work()
        };
        drop(flight);
        let mut flights = lock(&self.flights);
        if flights.get(&workspace).is_some_and(|flight| Arc::strong_count(flight) == 1) {
            flights.remove(&workspace);
        }
        done
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.stats())
    }
}

fn active_key(keys: &Keys, purpose: Purpose, subject: [u8; 16]) -> Option<u32> {
    keys.values()
        .find(|key| key.purpose == purpose && key.subject == subject && key.state == State::Active)
        .map(|key| key.key_no)
}

fn root_context(record: &KeyRecord) -> WrapContext {
    WrapContext { workspace: record.workspace, purpose: 0, version: record.number }
}

fn data_place(record: &KeyRecord, parent: u32) -> WrapPlace {
    WrapPlace {
        kind: WrapKind::DataKey,
        parent,
        workspace: record.workspace,
        purpose: record.purpose,
        number: record.number,
        subject: record.subject,
    }
}

fn damaged(path: KeyPath) -> Error {
    Error::DamagedKey { object: path.to_string() }
}

/// A panic while holding one of our locks leaves their maps whole, so poison is ignored.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
