//! What a root key can do, whoever keeps it.

use crate::{Error, Secret};

/// What a wrapped workspace key is bound to; every provider authenticates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapContext {
    /// The workspace; zero for the canary that proves the root works.
    pub workspace: [u8; 16],
    /// Always 0 today: roots wrap workspace keys only.
    pub purpose: u8,
    /// Version of the workspace key.
    pub version: u32,
}

/// What a root's keeper says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootState {
    /// It wraps and unwraps.
    Enabled,
    /// Switched off by whoever owns it.
    Disabled,
    /// Will be destroyed at a set time.
    PendingDeletion,
    /// Its keeper does not answer.
    Unreachable,
    /// Gone; nothing under it will ever open.
    Destroyed,
}

/// Where the root key lies. The security page says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootCustody {
    /// In a file on the machine that holds the data: who copies the disk has both.
    BesideData,
    /// In a file that is itself sealed by a credential of the machine.
    SealedByCredential,
    /// In a file that is itself sealed by a passphrase.
    SealedByPassphrase,
    /// With a provider outside, which never hands it out.
    Provider,
}

/// A root key: wraps and unwraps workspace keys and never leaves its keeper.
pub trait RootKey: Send + Sync {
    /// Id of this root; workspace keys name it.
    fn id(&self) -> [u8; 16];

    /// Where it lies.
    fn custody(&self) -> RootCustody;

    /// What its keeper says now.
    fn state(&self) -> RootState;

    /// The newest generation, which wraps.
    ///
    /// # Errors
    /// [`Error::RootDestroyed`].
    fn generation(&self) -> Result<u32, Error>;

    /// Wraps a workspace key under the newest generation, bound to `context`.
    ///
    /// # Errors
    /// [`Error::RootDestroyed`], or the provider's refusal.
    fn wrap(&self, context: &WrapContext, key: &Secret<32>) -> Result<[u8; 80], Error>;

    /// Unwraps a workspace key.
    ///
    /// # Errors
    /// [`Error::DoesNotOpen`] when it was not wrapped by this root for this context;
    /// [`Error::RootDestroyed`].
    fn unwrap(&self, context: &WrapContext, wrapped: &[u8]) -> Result<Secret<32>, Error>;

    /// Wraps again under the newest generation.
    ///
    /// # Errors
    /// As [`RootKey::unwrap`].
    fn rewrap(&self, context: &WrapContext, wrapped: &[u8]) -> Result<[u8; 80], Error> {
        let key = self.unwrap(context, wrapped)?;
        self.wrap(context, &key)
    }

    /// Adds a generation, which wraps from now on; older ones still unwrap.
    ///
    /// # Errors
    /// The keeper's refusal; then nothing changed.
    fn rotate(&self) -> Result<u32, Error>;

    /// Destroys every generation for good.
    ///
    /// # Errors
    /// The keeper's refusal.
    fn destroy(&self) -> Result<(), Error>;
}
