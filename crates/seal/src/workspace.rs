//! The keys of one workspace, ready for use.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::envelope::{self, Place};
use crate::record::State;
use crate::xaes::XaesKey;
use crate::{Column, Content, Error, Purpose, Sealed, Secret, Shape, crypto};

const MAC_LABEL: &[u8] = b"countersign/mac/v1";
const CHECKPOINT_LABEL: &[u8] = b"countersign/checkpoint/v1";
const BLIND_LABEL: &[u8] = b"countersign/blind/v1";

/// The most data keys a workspace may have, over all purposes and states.
pub(crate) const MAX_KEYS: usize = 65_536;

/// All data keys of one workspace. Made and cached by [`crate::Vault`]; hold it for one act, not longer,
/// so that a revoked key goes away.
///
/// Sealing and opening do no I/O and take no lock.
pub struct WorkspaceKeys {
    workspace: [u8; 16],
    keys: BTreeMap<u32, Arc<DataKey>>,
    by_subject: HashMap<(Purpose, [u8; 16]), u32>,
    field: Arc<DataKey>,
    blind: Arc<DataKey>,
    url: Arc<DataKey>,
}

/// One data key with its derived forms, so that no key schedule is built per value.
pub(crate) struct DataKey {
    pub(crate) key_no: u32,
    pub(crate) purpose: Purpose,
    pub(crate) subject: [u8; 16],
    pub(crate) state: State,
    material: Material,
}

enum Material {
    Sealing(Box<XaesKey>),
    Mac(Box<hmac::Key>),
    /// Keys of purposes that derive a key per file keep their bytes.
    Raw {
        #[expect(dead_code, reason = "file envelopes derive from it once they exist")]
        key: Secret<32>,
    },
}

impl DataKey {
    pub(crate) fn new(key_no: u32, purpose: Purpose, subject: [u8; 16], state: State, key: Secret<32>) -> Self {
        let material = match purpose {
            Purpose::Field | Purpose::AuditPeriod | Purpose::AuditPerson => {
                Material::Sealing(Box::new(XaesKey::new(key.expose())))
            }
            Purpose::Blind | Purpose::Url | Purpose::Checkpoint => {
                Material::Mac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key.expose())))
            }
            Purpose::Blob | Purpose::Index | Purpose::Backup | Purpose::Export => Material::Raw { key },
        };
        Self { key_no, purpose, subject, state, material }
    }

    pub(crate) fn sealing(&self) -> Option<&XaesKey> {
        match &self.material {
            Material::Sealing(key) => Some(key),
            Material::Mac(_) | Material::Raw { .. } => None,
        }
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        match &self.material {
            Material::Mac(key) => crypto::hmac_with(key, parts),
            Material::Sealing(_) | Material::Raw { .. } => {
                unreachable!("blind, url and checkpoint keys are MAC keys")
            }
        }
    }
}

impl WorkspaceKeys {
    /// Bits of every key in the hierarchy.
    pub const KEY_BITS: u32 = 256;
    /// What seals fields.
    pub const FIELD_ALGORITHM: &'static str = "XAES-256-GCM";
    /// What wraps keys.
    pub const WRAP_ALGORITHM: &'static str = "XAES-256-GCM";
    /// What makes blind indexes and signs links, cookies and cursors.
    pub const MAC_ALGORITHM: &'static str = "HMAC-SHA256";

    /// Gathers keys; `None` while one of the three that every workspace needs is missing.
    pub(crate) fn gather(workspace: [u8; 16], keys: BTreeMap<u32, Arc<DataKey>>) -> Option<Self> {
        let newest = |purpose: Purpose| {
            keys.values()
                .rev()
                .find(|key| key.purpose == purpose && key.subject == [0; 16] && key.state == State::Active)
                .cloned()
        };
        let mut by_subject = HashMap::with_capacity(keys.len());
        for key in keys.values().filter(|key| key.state == State::Active) {
            by_subject.entry((key.purpose, key.subject)).or_insert(key.key_no);
        }
        Some(Self {
            workspace,
            by_subject,
            field: newest(Purpose::Field)?,
            blind: newest(Purpose::Blind)?,
            url: newest(Purpose::Url)?,
            keys,
        })
    }

    /// The workspace's id.
    #[must_use]
    pub fn workspace(&self) -> [u8; 16] {
        self.workspace
    }

    /// Seals a value of a column of [`Shape::Row`] under the newest active field key.
    ///
    /// Using it with a column of another shape or purpose does not compile.
    ///
    /// ```compile_fail
    /// # fn example(keys: &seal::WorkspaceKeys) {
    /// let sealed = keys.seal::<seal::columns::PersonEmail>([1; 16], &b"x".to_vec());
    /// # drop(sealed);
    /// # }
    /// # let dir = std::path::Path::new("keys");
    /// # if let Ok(vault) = seal::Vault::open_local(dir) { example(&vault.workspace([1; 16]).expect("made before")) }
    /// ```
    /// ```no_run
    /// # fn example(keys: &seal::WorkspaceKeys) {
    /// let sealed = keys.seal::<seal::columns::PersonProfile>([1; 16], &b"x".to_vec());
    /// # drop(sealed);
    /// # }
    /// # let dir = std::path::Path::new("keys");
    /// # if let Ok(vault) = seal::Vault::open_local(dir) { example(&vault.workspace([1; 16]).expect("made before")) }
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn seal<C: Column>(&self, row: [u8; 16], value: &C::Content) -> Result<Sealed<C>, Error> {
        const {
            assert!(matches!(C::PURPOSE, Purpose::Field), "other purposes name their key: seal_under");
            assert!(matches!(C::SHAPE, Shape::Row), "this column wants seal_version");
        };
        self.seal_at::<C>(&self.field, row, None, value)
    }

    /// Opens a value of a column of [`Shape::Row`], whatever key of the workspace it is sealed under.
    ///
    /// # Errors
    /// [`Error::DoesNotOpen`], whatever is wrong.
    pub fn open<C: Column>(&self, row: [u8; 16], sealed: &Sealed<C>) -> Result<C::Content, Error> {
        const { assert!(matches!(C::SHAPE, Shape::Row), "this column wants open_version") };
        self.open_at(row, None, sealed)
    }

    /// Seals a value of a column of [`Shape::RowVersion`] under the newest active field key, for the
    /// version the row will have.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn seal_version<C: Column>(
        &self,
        row: [u8; 16],
        row_version: u64,
        value: &C::Content,
    ) -> Result<Sealed<C>, Error> {
        const {
            assert!(matches!(C::PURPOSE, Purpose::Field), "other purposes name their key: seal_under");
            assert!(matches!(C::SHAPE, Shape::RowVersion), "this column wants seal");
        };
        self.seal_at::<C>(&self.field, row, Some(row_version), value)
    }

    /// Opens a value of a column of [`Shape::RowVersion`].
    ///
    /// # Errors
    /// [`Error::DoesNotOpen`], whatever is wrong; also for the row's own older ciphertext.
    pub fn open_version<C: Column>(
        &self,
        row: [u8; 16],
        row_version: u64,
        sealed: &Sealed<C>,
    ) -> Result<C::Content, Error> {
        const { assert!(matches!(C::SHAPE, Shape::RowVersion), "this column wants open") };
        self.open_at(row, Some(row_version), sealed)
    }

    /// Seals a value of a column of [`Shape::Row`] under a key of its purpose chosen by number: the
    /// key of a person or of a period, see [`WorkspaceKeys::find_key`].
    ///
    /// # Errors
    /// [`Error::NoKey`] when there is no active key of the column's purpose and this number;
    /// [`Error::TooLong`].
    pub fn seal_under<C: Column>(&self, key_no: u32, row: [u8; 16], value: &C::Content) -> Result<Sealed<C>, Error> {
        const { assert!(matches!(C::SHAPE, Shape::Row), "keys by number seal rows") };
        let key = self
            .keys
            .get(&key_no)
            .filter(|key| key.purpose == C::PURPOSE && key.state == State::Active)
            .ok_or(Error::NoKey(C::PURPOSE))?;
        self.seal_at::<C>(key, row, None, value)
    }

    /// Blind index of a normalised value, for look-ups by equality within this workspace and column:
    /// the first 16 bytes of HMAC-SHA256 under the workspace's blind key. The same value has another
    /// index in another workspace or column.
    #[must_use]
    pub fn blind<C: Column>(&self, normalised: &[u8]) -> [u8; 16] {
        const { assert!(matches!(C::PURPOSE, Purpose::Blind), "this column has no blind index") };
        let mac = self.blind.mac(&[BLIND_LABEL, &C::TABLE.to_be_bytes(), &C::COLUMN.to_be_bytes(), normalised]);
        let mut index = [0; 16];
        index.copy_from_slice(&mac[..16]);
        index
    }

    /// HMAC-SHA256 under the workspace's signing key, for cookies and cursors. Label and parts are
    /// length-prefixed, so no two different lists of parts have the same bytes.
    /// Compare with [`crate::constant_time_eq`].
    #[must_use]
    pub fn mac(&self, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let label_bytes = (label.len() as u64).to_be_bytes();
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
        let count = (parts.len() as u64).to_be_bytes();
        let mut framed: Vec<&[u8]> = vec![MAC_LABEL, &label_bytes, label.as_bytes(), &count];
        for (length, part) in lengths.iter().zip(parts) {
            framed.push(length);
            framed.push(part);
        }
        self.url.mac(&framed)
    }

    /// The seed of the Ed25519 key that signs the checkpoints of a log of this workspace: HMAC-SHA256 of the log's origin
    /// under the workspace's key for checkpoints; nothing while it has none.
    #[must_use]
    pub fn checkpoint_seed(&self, origin: &str) -> Option<Secret<32>> {
        let key = self.keys.get(&self.find_key(Purpose::Checkpoint, [0; 16])?)?;
        Some(Secret::from_bytes(&Zeroizing::new(key.mac(&[CHECKPOINT_LABEL, origin.as_bytes()]))))
    }

    /// Number of the active key of this purpose and subject. Where two nodes made one each, all agree
    /// on the lower number.
    #[must_use]
    pub fn find_key(&self, purpose: Purpose, subject: [u8; 16]) -> Option<u32> {
        self.by_subject.get(&(purpose, subject)).copied()
    }

    /// How many usable data keys the workspace has.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn keys(&self) -> &BTreeMap<u32, Arc<DataKey>> {
        &self.keys
    }

    fn seal_at<C: Column>(
        &self,
        key: &DataKey,
        row: [u8; 16],
        row_version: Option<u64>,
        value: &C::Content,
    ) -> Result<Sealed<C>, Error> {
        let sealing = key.sealing().ok_or(Error::NoKey(C::PURPOSE))?;
        let place = Place::of::<C>(self.workspace, row, row_version);
        value
            .with_bytes(|content| envelope::seal(sealing, key.key_no, C::PURPOSE, &place, C::PAD, content))
            .map(Sealed::from_envelope)
    }

    fn open_at<C: Column>(
        &self,
        row: [u8; 16],
        row_version: Option<u64>,
        sealed: &Sealed<C>,
    ) -> Result<C::Content, Error> {
        const { assert!(C::PURPOSE.seals_columns(), "this column is a blind index: it holds nothing to open") };
        let key = self.keys.get(&sealed.key_no()).filter(|key| key.purpose == C::PURPOSE).ok_or(Error::DoesNotOpen)?;
        let sealing = key.sealing().ok_or(Error::DoesNotOpen)?;
        let place = Place::of::<C>(self.workspace, row, row_version);
        let plain = envelope::open(sealing, key.key_no, C::PURPOSE, &place, C::PAD, sealed.as_bytes())?;
        C::Content::from_opened(plain)
    }
}

impl fmt::Debug for WorkspaceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkspaceKeys({} keys)", self.keys.len())
    }
}
