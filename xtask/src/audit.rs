//! `cargo xtask audit`: known vulnerabilities in the locked dependencies, from a copy of the advisory
//! database on this machine. Nothing is fetched, so the same database gives the same answer.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::Failure;

/// Known vulnerabilities in Cargo.lock; fails on any, warnings included.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask audit --db ../advisory-db")]
pub(crate) struct Audit {
    /// A checkout of the RustSec advisory database.
    #[arg(long)]
    db: PathBuf,
}

impl Audit {
    /// Runs cargo-audit offline.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let done = Command::new("cargo-audit")
            .args(["audit", "--no-fetch", "--stale", "--deny", "warnings", "--db"])
            .arg(&self.db)
            .arg("--file")
            .arg(crate::check::root().join("Cargo.lock"))
            .status();
        match done {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("cargo-audit ended with {status}").into()),
            Err(error) => Err(format!("cargo-audit: {error}. Install it: cargo install cargo-audit --locked").into()),
        }
    }
}
