//! Fuzzing of tlog's parsers with libFuzzer, through cargo-fuzz and the toolchain that builds the product: coverage comes from
//! LLVM's own pass, so that no nightly is needed. Without a sanitizer: what is fuzzed forbids `unsafe`.

use std::process::Command;
use std::time::Duration;

use clap::Args;

use crate::{Failure, check};

/// Longest input, in bytes: a little above the longest that any target takes.
const INPUT_BYTES_MAX: usize = 80 * 1024;

/// Feed a parser of tlog with what nobody thought of. It goes on from fuzz/corpus, and what it finds it leaves in
/// fuzz/found, which is not part of the repository.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// Which parser.
    #[arg(value_parser = ["note", "checkpoint", "tile", "proof", "witness"])]
    target: String,
    /// How long.
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u64,
}

impl Fuzz {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let root = check::root();
        let known = Command::new("cargo").args(["fuzz", "--version"]).output().is_ok_and(|told| told.status.success());
        if !known {
            return Err("cargo-fuzz is missing: cargo install cargo-fuzz --locked".into());
        }
        let found = root.join("fuzz/found").join(&self.target);
        std::fs::create_dir_all(&found)?;
        let seconds = Duration::from_secs(self.minutes * 60).as_secs();
        let status = Command::new("cargo")
            .current_dir(&root)
            .args(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", &self.target])
            .args([found, root.join("fuzz/corpus").join(&self.target)])
            .arg("--")
            .args([format!("-max_total_time={seconds}"), format!("-max_len={INPUT_BYTES_MAX}")])
            .args(["-timeout=5", "-print_final_stats=1"])
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{}: an input was found that it does not stand", self.target).into())
        }
    }
}
