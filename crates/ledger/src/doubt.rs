//! The doubt that a witness raises: it holds more of the deployment's log than is here, signed by the log's own key.
//!
//! Then the database was put back together with the mark, and only the witness knows. Whatever would be signed now could
//! contradict what it holds, so nothing is, until the operator orders another epoch. A number alone, which anybody could
//! answer, raises no doubt: the witness must show the note.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the log is in doubt. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Doubt(Arc<AtomicBool>);

impl Doubt {
    /// Raises it; nothing is signed from now on.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
    /// Ends it: another epoch was ordered, under whose names nothing was signed.
    pub fn end(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
    /// Whether it is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
