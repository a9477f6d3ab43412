//! The local keyring: root keys in the file `root.keys`, mode 0600.
//!
//! File `CSR1`: `"CSR1"`, `ver` = 1, custody = 3 (not sealed itself), count u16, root id[16]; then for
//! each generation: generation u32, four zero bytes, key[32]; then SHA-256 of all before. A destroyed
//! keyring has no generations.
//!
//! The file lies beside the data and protects against everything but a copy of the whole disk; it is
//! never in any backup of ours, so the operator keeps a copy apart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::files::{self, Lock};
use crate::wrap::{self, WrapKind, WrapPlace};
use crate::xaes::XaesKey;
use crate::{Error, RootCustody, RootKey, RootState, Secret, WrapContext, constant_time_eq, random, sha256};

/// Name of the file in the key folder.
const FILE_NAME: &str = "root.keys";
/// The most generations a keyring holds.
const MAX_GENERATIONS: usize = 64;

const MAGIC: &[u8; 4] = b"CSR1";
const CUSTODY_UNSEALED: u8 = 3;
const HEAD_BYTES: usize = 24;
const ENTRY_BYTES: usize = 40;
const SUM_BYTES: usize = 32;
const MAX_FILE_BYTES: usize = HEAD_BYTES + MAX_GENERATIONS * ENTRY_BYTES + SUM_BYTES;

/// The root key of an installation that has no provider: a file on its own disk.
pub struct LocalKeyring {
    path: PathBuf,
    id: [u8; 16],
    generations: RwLock<Vec<Generation>>,
}

struct Generation {
    number: u32,
    raw: Secret<32>,
    prepared: XaesKey,
}

impl LocalKeyring {
    /// Opens `root.keys` in the folder.
    ///
    /// # Errors
    /// [`Error::RootMissing`] when there is none; [`Error::Custody`] when others may read it or it is
    /// somebody else's; [`Error::WrongRoot`] when it is damaged.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE_NAME);
        let Some(bytes) = files::read_private(&path, MAX_FILE_BYTES)? else {
            return Err(Error::RootMissing { path });
        };
        let bytes = Zeroizing::new(bytes);
        let Some((id, generations)) = decode(&bytes) else {
            return Err(Error::WrongRoot { path });
        };
        Ok(Self { path, id, generations: RwLock::new(generations) })
    }

    /// Opens `root.keys`, or makes it with one generation when there is none.
    ///
    /// # Errors
    /// As [`LocalKeyring::open`]; [`Error::Io`].
    pub fn open_or_create(dir: &Path) -> Result<Self, Error> {
        let first = [Generation::new(1, Secret::generate())];
        let held = Lock::take(dir)?;
        let path = dir.join(FILE_NAME);
        files::create(&held, &path, &encode(random(), &first))?;
        drop(held);
        Self::open(dir)
    }

    fn write(&self, generations: &[Generation]) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let held = Lock::take(folder)?;
        files::replace(&held, &self.path, &encode(self.id, generations))
    }

    /// Runs with the newest generation.
    fn newest<T>(&self, work: impl FnOnce(&Generation) -> T) -> Result<T, Error> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.last().map(work).ok_or(Error::RootDestroyed)
    }
}

impl RootKey for LocalKeyring {
    fn id(&self) -> [u8; 16] {
        self.id
    }

    fn custody(&self) -> RootCustody {
        RootCustody::BesideData
    }

    fn state(&self) -> RootState {
        match self.newest(|_| ()) {
            Ok(()) => RootState::Enabled,
            Err(_) => RootState::Destroyed,
        }
    }

    fn generation(&self) -> Result<u32, Error> {
        self.newest(|newest| newest.number)
    }

    fn wrap(&self, context: &WrapContext, key: &Secret<32>) -> Result<[u8; 80], Error> {
        self.newest(|newest| wrap::wrap(&newest.prepared, &place(context, newest.number), key))
    }

    fn unwrap(&self, context: &WrapContext, wrapped: &[u8]) -> Result<Secret<32>, Error> {
        self.newest(|_| ())?;
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        let number = wrap::parent(wrapped).ok_or(Error::DoesNotOpen)?;
        generations
            .iter()
            .find(|generation| generation.number == number)
            .and_then(|generation| wrap::unwrap(&generation.prepared, &place(context, number), wrapped))
            .ok_or(Error::DoesNotOpen)
    }

    fn rotate(&self) -> Result<u32, Error> {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let number = generations.last().ok_or(Error::RootDestroyed)?.number + 1;
        if generations.len() >= MAX_GENERATIONS {
            return Err(Error::TooManyKeys { limit: MAX_GENERATIONS });
        }
        generations.push(Generation::new(number, Secret::generate()));
        if let Err(refused) = self.write(&generations) {
            generations.pop();
            return Err(refused);
        }
        Ok(number)
    }

    fn destroy(&self) -> Result<(), Error> {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        generations.clear();
        files::scrub(&self.path)?;
        self.write(&[])
    }
}

impl fmt::Debug for LocalKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeyring({})", self.path.display())
    }
}

impl Generation {
    fn new(number: u32, raw: Secret<32>) -> Self {
        Self { number, prepared: XaesKey::new(raw.expose()), raw }
    }
}

fn place(context: &WrapContext, generation: u32) -> WrapPlace {
    WrapPlace {
        kind: WrapKind::WorkspaceKey,
        parent: generation,
        workspace: context.workspace,
        purpose: context.purpose,
        number: context.version,
        subject: [0; 16],
    }
}

fn encode(id: [u8; 16], generations: &[Generation]) -> Zeroizing<Vec<u8>> {
    let size_bytes = HEAD_BYTES + generations.len() * ENTRY_BYTES + SUM_BYTES;
    let mut out = Zeroizing::new(Vec::with_capacity(size_bytes));
    let count = u16::try_from(generations.len()).expect("at most 64 generations");
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, CUSTODY_UNSEALED]);
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&id);
    for generation in generations {
        out.extend_from_slice(&generation.number.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(generation.raw.expose());
    }
    let sum = sha256(&out);
    out.extend_from_slice(&sum);
    out
}

fn decode(bytes: &[u8]) -> Option<([u8; 16], Vec<Generation>)> {
    let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM_BYTES)?)?;
    let (head, entries) = content.split_at_checked(HEAD_BYTES)?;
    let count = usize::from(u16::from_be_bytes([head[6], head[7]]));
    let well_formed = &head[..4] == MAGIC
        && head[4] == 1
        && head[5] == CUSTODY_UNSEALED
        && count <= MAX_GENERATIONS
        && entries.len() == count * ENTRY_BYTES
        && constant_time_eq(sum, &sha256(content));
    if !well_formed {
        return None;
    }
    let mut generations = Vec::with_capacity(count);
    for entry in entries.chunks_exact(ENTRY_BYTES) {
        let number = u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]);
        let ascending = generations.last().is_none_or(|last: &Generation| last.number < number);
        if !ascending || entry[4..8] != [0; 4] {
            return None;
        }
        generations.push(Generation::new(number, Secret::from_slice(&entry[8..])?));
    }
    let mut id = [0; 16];
    id.copy_from_slice(&head[8..]);
    Some((id, generations))
}
