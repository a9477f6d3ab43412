//! Raw key bytes, wiped on drop.

use zeroize::{Zeroize, Zeroizing};

use crate::random;

/// `N` secret bytes on the heap, so that moving the value leaves no copy on the stack.
///
/// Neither `Clone` nor `Debug` nor serialisable; the bytes are wiped on drop.
///
/// ```compile_fail
/// let key: seal::Secret<32> = seal::Secret::generate();
/// let copy = key.clone();
/// ```
/// ```compile_fail
/// let key: seal::Secret<32> = seal::Secret::generate();
/// println!("{key:?}");
/// ```
/// ```
/// let key: seal::Secret<32> = seal::Secret::generate();
/// assert_eq!(key.expose().len(), 32);
/// ```
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Draws a new secret from the operating system's random source.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = Box::new([0; N]);
        random::fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Copies a secret in; the caller's copy wipes itself.
    #[must_use]
    pub fn from_bytes(bytes: &Zeroizing<[u8; N]>) -> Self {
        let mut own = Box::new([0; N]);
        own.copy_from_slice(bytes.as_slice());
        Self(own)
    }

    /// The bytes, for handing them to a cryptographic call. Do not copy them.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Copies a secret out of a longer buffer, which its owner wipes.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != N {
            return None;
        }
        let mut own = Box::new([0; N]);
        own.copy_from_slice(bytes);
        Some(Self(own))
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
