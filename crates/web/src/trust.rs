//! Where the verdicts come from: the binary's runner, behind a trait, since `claims` knows no routes.

use std::future::Future;
use std::pin::Pin;

use claims::state::Standing;

/// A source of verdicts.
pub trait TrustSource: Send + Sync {
    /// How every claim stands now.
    fn standing(&self) -> Pin<Box<dyn Future<Output = Standing> + Send + '_>>;
    /// The last runs of a check, newest last, one character each: `p` passed, `f` failed, `n` not proven.
    fn strip(&self, check: claims::registry::CheckId) -> String;
    /// What the newest run of a check saw, in words.
    fn observation(&self, check: claims::registry::CheckId) -> Option<String>;
}
