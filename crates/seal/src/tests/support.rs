//! Columns, clocks and keys that only tests have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::column::registered::Registered;
use crate::record::State;
use crate::workspace::DataKey;
use crate::{Clock, Column, Purpose, Secret, Shape, WorkspaceKeys};

pub(crate) const WORKSPACE: [u8; 16] = [0xaa; 16];
pub(crate) const ROW: [u8; 16] = [0xbb; 16];

/// A column that binds the row's version.
pub(crate) enum Versioned {}
impl Registered for Versioned {}
impl Column for Versioned {
    const TABLE: u16 = 9001;
    const COLUMN: u16 = 1;
    const TABLE_NAME: &'static str = "test";
    const COLUMN_NAME: &'static str = "versioned";
    const SHAPE: Shape = Shape::RowVersion;
    const PURPOSE: Purpose = Purpose::Field;
    const PAD: usize = 0;
    type Content = String;
}

/// The numbers of [`Versioned`] with the other shape, as an attacker would wish it.
pub(crate) enum Unversioned {}
impl Registered for Unversioned {}
impl Column for Unversioned {
    const TABLE: u16 = 9001;
    const COLUMN: u16 = 1;
    const TABLE_NAME: &'static str = "test";
    const COLUMN_NAME: &'static str = "versioned";
    const SHAPE: Shape = Shape::Row;
    const PURPOSE: Purpose = Purpose::Field;
    const PAD: usize = 0;
    type Content = String;
}

/// A padded column of bytes.
pub(crate) enum Padded {}
impl Registered for Padded {}
impl Column for Padded {
    const TABLE: u16 = 9002;
    const COLUMN: u16 = 1;
    const TABLE_NAME: &'static str = "test";
    const COLUMN_NAME: &'static str = "padded";
    const SHAPE: Shape = Shape::Row;
    const PURPOSE: Purpose = Purpose::Field;
    const PAD: usize = 16;
    type Content = Vec<u8>;
}

/// The key 00 01 02 .. 1f.
pub(crate) fn counting_key() -> Secret<32> {
    let bytes: Vec<u8> = (0..32).collect();
    Secret::from_slice(&bytes).unwrap()
}

/// Keys of a workspace without a vault: field 1, blind 2, url 3, period 4, person 5.
pub(crate) fn keys_of(workspace: [u8; 16]) -> WorkspaceKeys {
    let purposes = [Purpose::Field, Purpose::Blind, Purpose::Url, Purpose::AuditPeriod, Purpose::AuditPerson];
    let keys: BTreeMap<u32, Arc<DataKey>> = (1..)
        .zip(purposes)
        .map(|(key_no, purpose)| {
            let key = DataKey::new(key_no, purpose, [0; 16], State::Active, Secret::generate());
            (key_no, Arc::new(key))
        })
        .collect();
    WorkspaceKeys::gather(workspace, keys).unwrap()
}

/// A clock that a test turns.
#[derive(Clone, Default)]
pub(crate) struct HandClock(Arc<AtomicU64>);

impl HandClock {
    pub(crate) fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix_s(&self) -> u64 {
        1_000_000
    }
}
