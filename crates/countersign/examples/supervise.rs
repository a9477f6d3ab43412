//! Runs the private PostgreSQL alone, for tests and for looking at it: `supervise DIR [--scratch]`.
//!
//! Prints `ready PID SOCKET_DIR`, then `PID RESTARTS` (or `down`) for every line read, and stops at the end of input.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use countersign::data_dir::DataDir;
use countersign::postgres::{Access, Error, Health, Options, PrivatePostgres};
use countersign::privileges;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(root) = arguments.next() else {
        eprintln!("usage: supervise DIR [--scratch]");
        return ExitCode::from(2);
    };
    let scratch = arguments.next().is_some_and(|argument| argument == "--scratch");
    let identity = match privileges::drop_to_owner_of(Path::new(&root)) {
        Ok(identity) => identity,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let access = match scratch {
        true => Access::Scratch { also_uid: Some(identity.started_as) },
        false => Access::Product,
    };
    match run(Path::new(&root), access) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(root: &Path, access: Access) -> Result<(), Error> {
    let data = DataDir::open(root)?;
    let server = PrivatePostgres::start(&Options::from_environment(data, access))?;
    let mut out = std::io::stdout();
    let pid = server.pid().unwrap_or_default();
    let mut told = writeln!(out, "ready {pid} {}", server.socket_dir().display());
    let mut lines = std::io::stdin().lock().lines();
    while told.is_ok() && lines.next().is_some_and(|line| line.is_ok()) {
        told = match server.health() {
            Health::Running { pid, restarts } => writeln!(out, "{pid} {restarts}"),
            Health::Restarting { .. } | Health::Failed { .. } | Health::Stopped => writeln!(out, "down"),
        };
    }
    server.stop()
}
