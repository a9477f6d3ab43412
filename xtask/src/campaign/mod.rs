//! Campaigns: the same question asked thousands of times of a running release server.

mod isolation;
mod kill;
mod ledger;

use clap::Subcommand;

use crate::Failure;

/// Campaigns.
#[derive(Subcommand)]
pub(crate) enum Campaign {
    Kill(kill::Kill),
    Isolation(isolation::Isolation),
    Ledger(ledger::Ledger),
}

impl Campaign {
    /// Runs a campaign; an error when it found anything.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Kill(kill) => kill.run(),
            Self::Isolation(isolation) => isolation.run(),
            Self::Ledger(ledger) => ledger.run(),
        }
    }
}
