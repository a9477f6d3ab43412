//! The `countersign` command with switches for faults; see `required-features`.

use std::process::ExitCode;

use clap::Parser as _;
use countersign::cli::{Cli, Command};
use countersign::{commands, serve};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(flags) => serve::serve(&flags),
        other => commands::run(other),
    }
}
