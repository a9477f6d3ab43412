//! The mark on a line of the audit list: where its record stands, recomputed when the line is shown.

use tenancy::trail::TrailRow;

use crate::entry;

/// Where a record stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Its leaf is what the record hashes to, and a signed checkpoint covers it.
    Signed {
        /// Index of the leaf.
        index: u64,
    },
    /// It waits for its leaf or for the next checkpoint.
    Waiting,
    /// It is not what its leaf says: the record or the leaf was changed.
    Differs {
        /// Index of the leaf.
        index: u64,
    },
}

impl Mark {
    /// The mark of a record.
    #[must_use]
    pub fn of(row: &TrailRow) -> Self {
        let Some(leaf) = &row.leaf else { return Self::Waiting };
        let entry = entry::of_record(leaf.epoch, &row.commitments);
        match (tlog::leaf_hash(entry.as_bytes()).0.as_slice() == leaf.hash, leaf.is_signed) {
            (false, _) => Self::Differs { index: leaf.index },
            (true, true) => Self::Signed { index: leaf.index },
            (true, false) => Self::Waiting,
        }
    }
}
