//! The key object `CSK1`, 224 bytes: what the key store holds for each key. Integers are big-endian.
//!
//! | offset | size | content |
//! |---|---|---|
//! | 0 | 4 | `"CSK1"` |
//! | 4 | 1 | `ver` = 1 |
//! | 5 | 1 | kind: 1 workspace key, 2 data key, 3 root |
//! | 6 | 1 | state: 1 active, 2 retired (workspace key) or decrypt only (data key), 3 destroyed |
//! | 7 | 1 | purpose of a data key; provider of a root (1 local keyring); else 0 |
//! | 8 | 4 | version, key number or root generation |
//! | 12 | 4 | `ttl_s` of a workspace key, 60..=3600; else 0 |
//! | 16 | 16 | workspace; zero for a root |
//! | 32 | 16 | subject of a data key; else zero |
//! | 48 | 8 | made, Unix seconds |
//! | 56 | 8 | retired or destroyed, Unix seconds; 0 while active |
//! | 64 | 16 | root id of a workspace key or root; random id of a data key |
//! | 80 | 32 | commitment: `HMAC(key, "countersign/commit/v1" \|\| workspace \|\| purpose \|\| number)` |
//! | 112 | 80 | the key, wrapped (`CSW1`); of a root, a canary. Zero once destroyed |
//! | 192 | 32 | seal: `HMAC(key, "countersign/record/v1" \|\| bytes 0..64)`. Zero once destroyed |
//!
//! The commitment and the seal need the key, so who can only write the store can neither swap a key
//! nor bring a retired one back to life. The seal leaves out what re-wrapping changes. An older
//! object put back whole is not noticed here.

use crate::wrap::WRAPPED_BYTES;
use crate::{Error, Purpose, Secret, constant_time_eq, hmac_sha256};

/// Size of a key object.
pub(crate) const RECORD_BYTES: usize = 224;

const MAGIC: &[u8; 4] = b"CSK1";
const VERSION: u8 = 1;
const SEALED_BYTES: usize = 64;
const TTL_RANGE_S: std::ops::RangeInclusive<u32> = 60..=3600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    WorkspaceKey = 1,
    DataKey = 2,
    Root = 3,
}

/// State of a key object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Active = 1,
    /// Opens, but seals and wraps nothing new.
    OpensOnly = 2,
    /// The number stays taken; the bytes are gone.
    Destroyed = 3,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRecord {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) purpose: u8,
    pub(crate) number: u32,
    pub(crate) ttl_s: u32,
    pub(crate) workspace: [u8; 16],
    pub(crate) subject: [u8; 16],
    pub(crate) made_unix_s: u64,
    pub(crate) retired_unix_s: u64,
    pub(crate) id: [u8; 16],
    pub(crate) commitment: [u8; 32],
    pub(crate) wrapped: [u8; WRAPPED_BYTES],
    pub(crate) seal: [u8; 32],
}

impl KeyRecord {
    /// Fills commitment and seal in from the key itself. Call it last.
    #[must_use]
    pub(crate) fn sealed_by(mut self, key: &Secret<32>) -> Self {
        self.commitment = self.expected_commitment(key);
        self.seal = self.expected_seal(key);
        self
    }

    /// Whether this object was made by whoever held this key, with these facts.
    #[must_use]
    pub(crate) fn is_sealed_by(&self, key: &Secret<32>) -> bool {
        constant_time_eq(&self.commitment, &self.expected_commitment(key))
            && constant_time_eq(&self.seal, &self.expected_seal(key))
    }

    pub(crate) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[..4].copy_from_slice(MAGIC);
        out[4] = VERSION;
        out[5] = self.kind as u8;
        out[6] = self.state as u8;
        out[7] = self.purpose;
        out[8..12].copy_from_slice(&self.number.to_be_bytes());
        out[12..16].copy_from_slice(&self.ttl_s.to_be_bytes());
        out[16..32].copy_from_slice(&self.workspace);
        out[32..48].copy_from_slice(&self.subject);
        out[48..56].copy_from_slice(&self.made_unix_s.to_be_bytes());
        out[56..64].copy_from_slice(&self.retired_unix_s.to_be_bytes());
        out[64..80].copy_from_slice(&self.id);
        out[80..112].copy_from_slice(&self.commitment);
        out[112..192].copy_from_slice(&self.wrapped);
        out[192..].copy_from_slice(&self.seal);
        out
    }

    /// Reads an object back; `None` when it is none of this version.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; RECORD_BYTES] = bytes.try_into().ok()?;
        if &bytes[..4] != MAGIC || bytes[4] != VERSION {
            return None;
        }
        let record = Self {
            kind: match bytes[5] {
                1 => Kind::WorkspaceKey,
                2 => Kind::DataKey,
                3 => Kind::Root,
                _ => return None,
            },
            state: match bytes[6] {
                1 => State::Active,
                2 => State::OpensOnly,
                3 => State::Destroyed,
                _ => return None,
            },
            purpose: bytes[7],
            number: u32::from_be_bytes(part(bytes, 8)),
            ttl_s: u32::from_be_bytes(part(bytes, 12)),
            workspace: part(bytes, 16),
            subject: part(bytes, 32),
            made_unix_s: u64::from_be_bytes(part(bytes, 48)),
            retired_unix_s: u64::from_be_bytes(part(bytes, 56)),
            id: part(bytes, 64),
            commitment: part(bytes, 80),
            wrapped: part(bytes, 112),
            seal: part(bytes, 192),
        };
        record.is_consistent().then_some(record)
    }

    /// The purpose of a data key.
    ///
    /// # Errors
    /// [`Error::UnknownCode`] for a purpose of a newer version.
    pub(crate) fn data_purpose(&self) -> Result<Purpose, Error> {
        Purpose::try_from(self.purpose)
    }

    fn is_consistent(&self) -> bool {
        match self.kind {
            Kind::WorkspaceKey => self.purpose == 0 && self.subject == [0; 16] && TTL_RANGE_S.contains(&self.ttl_s),
            Kind::DataKey => self.ttl_s == 0 && Purpose::try_from(self.purpose).is_ok(),
            Kind::Root => self.ttl_s == 0 && self.workspace == [0; 16] && self.subject == [0; 16],
        }
    }

    fn expected_commitment(&self, key: &Secret<32>) -> [u8; 32] {
        hmac_sha256(
            key.expose(),
            &[b"countersign/commit/v1", &self.workspace, &[self.purpose], &self.number.to_be_bytes()],
        )
    }

    fn expected_seal(&self, key: &Secret<32>) -> [u8; 32] {
        hmac_sha256(key.expose(), &[b"countersign/record/v1", &self.encode()[..SEALED_BYTES]])
    }
}

fn part<const N: usize>(bytes: &[u8; RECORD_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
