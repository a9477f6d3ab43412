//! The campaign against the log in its short form, and that it sees what is wrong: `cargo xtask campaign ledger`.

use std::path::Path;
use std::process::{Command, Output};

use crate::scratch::{bin_dir, product};

fn campaign(binary: &Path, faults: &str, kills: &str, transactions: &str) -> Output {
    let xtask = bin_dir().join("xtask");
    assert!(xtask.is_file(), "{} is not built: cargo build --workspace --bins", xtask.display());
    let mut command = Command::new(xtask);
    command.args(["campaign", "ledger", "--kills", kills, "--transactions", transactions, "--binary"]).arg(binary);
    command.env("COUNTERSIGN_TEST_FAULTS", faults).env_remove("DATABASE_URL").env_remove("COUNTERSIGN_BIN");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_log_outlasts_kills_of_server_database_and_tick() {
    let done = campaign(&product(), "", "3", "300");
    assert!(done.status.success(), "{}", said(&done));
    println!("{}", said(&done));
}

#[test]
fn a_record_that_is_passed_over_is_found_by_the_campaign() {
    let done = campaign(&bin_dir().join("countersign-faults"), "record-without-leaf", "1", "150");
    assert!(!done.status.success() && said(&done).contains("records without a leaf"), "{}", said(&done));
}

#[test]
fn a_checkpoint_of_another_tree_is_found_by_the_campaign() {
    let done = campaign(&bin_dir().join("countersign-faults"), "checkpoint-of-another-tree", "1", "150");
    assert!(!done.status.success() && said(&done).contains("none of the final tree"), "{}", said(&done));
}
