//! Checks, the replay of a real log, benches and campaigns: `cargo xtask --help`.
//!
//! Everything that drives the product speaks to a running server over its public API and to its
//! command line, never to its insides; so a figure printed here is one that any visitor can measure.

#![forbid(unsafe_code)]

mod api;
mod audit;
mod bench;
mod campaign;
mod check;
mod fuzz;
mod replay;
mod server;
mod travel;
mod xes;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in words for whoever typed the command.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Development commands of Countersign.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What the compiler cannot see: arrows between crates, file sizes, SQL files, banned crates.
    Check,
    Audit(audit::Audit),
    Replay(replay::Replay),
    #[command(subcommand)]
    Bench(bench::Bench),
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    Fuzz(fuzz::Fuzz),
}

fn main() -> ExitCode {
    // The one provider of the tree; a second call would find it there already.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("another TLS provider was installed before");
        return ExitCode::FAILURE;
    }
    let done = match Cli::parse().command {
        Command::Check => return check::run(),
        Command::Audit(audit) => audit.run(),
        Command::Replay(replay) => replay.run(),
        Command::Bench(bench) => bench.run(),
        Command::Campaign(campaign) => campaign.run(),
        Command::Fuzz(fuzz) => fuzz.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
