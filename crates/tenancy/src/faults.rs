//! Switches that make what the live checks attack misbehave, so that a test sees each check turn red.
//!
//! They exist with the cargo feature `faults` only. Without it [`on`] is a constant `false` and the names of the
//! switches are not in the program. They live in the lowest room that has one, so that every room above can ask.

#[cfg(feature = "faults")]
mod switches {
    use std::collections::BTreeSet;
    use std::net::TcpListener;
    use std::sync::{LazyLock, Mutex, PoisonError};

    /// The variable that names switches that are on from the start, with commas between them.
    const AT_START: &str = "COUNTERSIGN_TEST_FAULTS";

    static ON: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(|| {
        let named = std::env::var(AT_START).unwrap_or_default();
        Mutex::new(named.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    });
    /// The undeclared listener of the switch `open-plain-listener`, open while it is on.
    static LISTENER: Mutex<Option<TcpListener>> = Mutex::new(None);

    /// Turns a switch on.
    ///
    /// # Errors
    /// When the fault cannot be made: no port for the undeclared listener.
    pub fn switch_on(name: &str) -> std::io::Result<()> {
        if name == "open-plain-listener" {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
        }
        ON.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(())
    }

    /// Turns a switch off; nothing happens when it was not on.
    pub fn switch_off(name: &str) {
        if name == "open-plain-listener" {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        ON.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Whether any switch is on.
    #[must_use]
    pub fn any() -> bool {
        !ON.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether the switch is on.
    #[must_use]
    pub fn on(name: &str) -> bool {
        ON.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

#[cfg(feature = "faults")]
pub use switches::{any, on, switch_off, switch_on};

/// Whether any switch is on: never, in a program without the feature.
#[cfg(not(feature = "faults"))]
#[must_use]
#[inline(always)]
pub const fn any() -> bool {
    false
}

/// Whether the switch is on: never, in a program without the feature.
#[cfg(not(feature = "faults"))]
#[must_use]
#[inline(always)]
pub const fn on(_name: &str) -> bool {
    false
}

#[cfg(all(test, feature = "faults"))]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_on_until_it_is_off() {
        assert!(!on("test-only"));
        switch_on("test-only").unwrap();
        assert!(on("test-only"));
        switch_off("test-only");
        assert!(!on("test-only"));
    }
}
