//! What a sealed column is, and what a sealed value looks like from outside.

use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroizing;

use crate::Error;
use crate::envelope;

/// What a key is for. A key of one purpose never serves another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// Seals the fields of rows.
    Field = 1,
    /// Seals files.
    Blob = 2,
    /// Seals the search index.
    Index = 3,
    /// Makes blind indexes.
    Blind = 4,
    /// Signs links, cookies and cursors.
    Url = 5,
    /// Seals backups.
    Backup = 6,
    /// Seals the part of an audit payload that lives as long as its retention class and month.
    AuditPeriod = 7,
    /// Seals the part of an audit payload that lives as long as a person's data.
    AuditPerson = 8,
    /// Seals exports.
    Export = 9,
    /// Makes the keys that sign the checkpoints of a workspace's log.
    Checkpoint = 10,
}

impl TryFrom<u8> for Purpose {
    type Error = Error;

    fn try_from(value: u8) -> Result<Self, Error> {
        Ok(match value {
            1 => Self::Field,
            2 => Self::Blob,
            3 => Self::Index,
            4 => Self::Blind,
            5 => Self::Url,
            6 => Self::Backup,
            7 => Self::AuditPeriod,
            8 => Self::AuditPerson,
            9 => Self::Export,
            10 => Self::Checkpoint,
            _ => {
                return Err(Error::UnknownCode { what: "purpose", value });
            }
        })
    }
}

impl Purpose {
    /// The name in the AAD registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Blob => "blob",
            Self::Index => "index",
            Self::Blind => "blind",
            Self::Url => "url",
            Self::Backup => "backup",
            Self::AuditPeriod => "audit-period",
            Self::AuditPerson => "audit-person",
            Self::Export => "export",
            Self::Checkpoint => "checkpoint",
        }
    }

    /// Whether keys of this purpose seal columns.
    #[must_use]
    pub(crate) const fn seals_columns(self) -> bool {
        matches!(self, Self::Field | Self::AuditPeriod | Self::AuditPerson)
    }
}

/// What the associated data of a column binds besides workspace, table and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shape {
    /// The row. An older ciphertext of the same row and column would open again.
    Row = 0,
    /// The row and its version: an older ciphertext is refused. For columns that steer security.
    RowVersion = 1,
}

impl TryFrom<u8> for Shape {
    type Error = Error;

    fn try_from(value: u8) -> Result<Self, Error> {
        match value {
            0 => Ok(Self::Row),
            1 => Ok(Self::RowVersion),
            _ => Err(Error::UnknownCode { what: "shape", value }),
        }
    }
}

/// Content that can be sealed.
pub trait Content: Sized {
    /// The bytes to seal, wiped when dropped.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;
    /// Reads opened bytes back.
    ///
    /// # Errors
    /// [`Error::DoesNotOpen`] when the bytes are not of this kind.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;

    /// Lends the bytes to seal. Content that already is bytes lends itself, without a copy to wipe.
    fn with_bytes<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        work(&self.to_bytes())
    }

    /// Reads opened bytes back, by value. Content that is bytes keeps them, without another copy.
    ///
    /// # Errors
    /// As [`Content::from_bytes`].
    fn from_opened(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        Self::from_bytes(&bytes)
    }
}

impl Content for Vec<u8> {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.clone())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(bytes.to_vec())
    }

    fn with_bytes<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        work(self)
    }

    fn from_opened(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        Ok(std::mem::take(&mut *bytes))
    }
}

impl Content for String {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.as_bytes().to_vec())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Error::DoesNotOpen)
    }

    fn with_bytes<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        work(self.as_bytes())
    }

    fn from_opened(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Error::DoesNotOpen);
        }
        Ok(String::from_utf8(std::mem::take(&mut *bytes)).expect("these bytes are text, seen one line above"))
    }
}

/// A sealed or blind-indexed column of the product. Only [`crate::columns`] implements it, so that
/// no column exists outside the AAD registry.
pub trait Column: registered::Registered {
    /// Number of the table in the registry; never used twice, kept when the table is renamed.
    const TABLE: u16;
    /// Number of the column within its table; never used twice.
    const COLUMN: u16;
    /// Name of the table, for people.
    const TABLE_NAME: &'static str;
    /// Name of the column, for people.
    const COLUMN_NAME: &'static str;
    /// What the associated data binds.
    const SHAPE: Shape;
    /// The purpose of the keys that seal it.
    const PURPOSE: Purpose;
    /// Content is padded to a multiple of this many bytes, so that its length tells less; 0 for no padding.
    const PAD: usize;
    /// What the column holds once opened.
    type Content: Content;
}

pub(crate) mod registered {
    /// Keeps [`super::Column`] to this crate.
    pub trait Registered: 'static {}
}

/// A sealed value of one column: the envelope, as it lies in the database.
///
/// There is no `Display`, and `Debug` shows the key number and the length only.
///
/// ```compile_fail
/// let sealed = seal::Sealed::<seal::columns::PersonProfile>::from_envelope(vec![]);
/// println!("{sealed}");
/// ```
/// ```
/// let sealed = seal::Sealed::<seal::columns::PersonProfile>::from_envelope(vec![]);
/// println!("{sealed:?}");
/// ```
pub struct Sealed<C: Column> {
    envelope: Vec<u8>,
    column: PhantomData<fn() -> C>,
}

impl<C: Column> Sealed<C> {
    /// Takes bytes that came from this column. They are judged when they are opened.
    #[must_use]
    pub fn from_envelope(envelope: Vec<u8>) -> Self {
        Self { envelope, column: PhantomData }
    }

    /// The envelope's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.envelope
    }

    /// The envelope's bytes, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.envelope
    }

    /// Number of the key it is sealed under, as its header says; 0, which no key has, when the
    /// envelope is too short to have a header.
    #[must_use]
    pub fn key_no(&self) -> u32 {
        envelope::key_no(&self.envelope).unwrap_or(0)
    }
}

impl<C: Column> Clone for Sealed<C> {
    fn clone(&self) -> Self {
        Self::from_envelope(self.envelope.clone())
    }
}

impl<C: Column> PartialEq for Sealed<C> {
    fn eq(&self, other: &Self) -> bool {
        self.envelope == other.envelope
    }
}

impl<C: Column> Eq for Sealed<C> {}

impl<C: Column> fmt::Debug for Sealed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {})", self.key_no(), self.envelope.len())
    }
}
