//! Checks, the replay of a real log, benches and campaigns: `cargo xtask --help`.
//!
//! Everything that drives the product speaks to a running server over its public API and to its
//! command line, never to its insides; so a figure printed here is one that any visitor can measure.

#![forbid(unsafe_code)]

mod check;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check => check::run(),
    }
}
