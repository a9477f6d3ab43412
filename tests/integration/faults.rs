//! The negative twin of every live check: its target is made to misbehave, the check must fail; the target is repaired,
//! it must pass. The faults come from the table of checks itself, so a check without one does not get in.
//!
//! What is done by statements is done to the database of a scratch instance. The rest needs switches, which only the
//! program `countersign-faults` has; the ordinary one does not even hold their names.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scratch::{Scratch, bin_dir, done, product};

/// Longest until a fresh instance's canaries are in place.
const FIRST_PASS_MAX: Duration = Duration::from_secs(90);
/// Runs of one check until it says what is expected: a busy machine may leave one unfinished.
const RUNS_MAX: usize = 6;

/// What a switch needs beside itself.
struct Beside {
    switch: &'static str,
    /// Statements of the superuser before it is on.
    prepare: &'static [&'static str],
    /// Done while it is on, so that the fault leaves its mark.
    mark: Mark,
    /// Statements of the superuser once it is off: marks that outlast it.
    heal: &'static [&'static str],
    /// Done at the end.
    after: Mark,
}

/// An act that makes the product do something.
#[derive(Clone, Copy)]
enum Mark {
    Nothing,
    /// A canary person signs in with a password.
    SignIn,
    /// A workspace is made.
    Workspace,
    /// More requests than the log's memory has lines.
    ManyRequests,
}

/// Lines that the process keeps of its log, and some.
const REQUESTS: usize = 4_200;

/// Has every verifier made anew at its person's next sign-in.
const LOWER_LEVEL: &str = "UPDATE countersign.password SET params_level = 0";

const BESIDE: &[Beside] = &[
    // Records without context are there to stay; only a superuser without the trigger can take them away.
    Beside {
        switch: "record-without-context",
        prepare: &[],
        mark: Mark::SignIn,
        heal: &[
            "ALTER TABLE audit.record DISABLE TRIGGER no_mod",
            "DELETE FROM audit.record WHERE fields & 6 <> 6",
            "ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
        ],
        after: Mark::Nothing,
    },
    // A verifier of a lower level is made anew at the next sign-in: weak under the fault, strong after it.
    Beside {
        switch: "weak-password-hash",
        prepare: &[LOWER_LEVEL],
        mark: Mark::SignIn,
        heal: &[LOWER_LEVEL],
        after: Mark::SignIn,
    },
    Beside {
        switch: "workspace-id-short",
        prepare: &[],
        mark: Mark::Workspace,
        heal: &["DELETE FROM platform.route WHERE slug = 'short-id'"],
        after: Mark::Nothing,
    },
    // What was logged stays in the process's memory until newer lines push it out.
    Beside { switch: "log-bodies", prepare: &[], mark: Mark::Nothing, heal: &[], after: Mark::ManyRequests },
];

fn faulty() -> PathBuf {
    let binary = bin_dir().join("countersign-faults");
    assert!(
        binary.is_file(),
        "{} is not built: cargo build -p countersign --features faults --bin countersign-faults",
        binary.display()
    );
    binary
}

/// What the control socket answered when it did what was asked.
fn did(scratch: &Scratch, ask: &Value) -> Value {
    let answer = scratch.ask(ask);
    assert!(answer["done"] != Value::Null, "{ask}: {answer}");
    answer["done"].clone()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

impl Mark {
    fn make(self, scratch: &Scratch) {
        match self {
            Self::Nothing => {}
            Self::SignIn => drop(did(scratch, &json!({"ask": "check_one", "check": "cookies"}))),
            Self::Workspace => drop(done(scratch.run(&["workspace", "create", "short-id"]), "workspace create")),
            Self::ManyRequests => scratch.many_requests(REQUESTS),
        }
    }
}

/// Makes the fault of a row of the table.
fn break_(scratch: &Scratch, row: &Value) {
    let Some(switch) = row["switch"].as_str() else {
        texts(&row["break"]).into_iter().for_each(|statement| drop(scratch.sql(statement)));
        return;
    };
    let beside = BESIDE.iter().find(|beside| beside.switch == switch);
    if let Some(beside) = beside {
        beside.prepare.iter().for_each(|statement| drop(scratch.sql(statement)));
    }
    did(scratch, &json!({"ask": "fault_on", "name": switch}));
    if let Some(beside) = beside {
        beside.mark.make(scratch);
    }
}

/// Undoes it.
fn repair(scratch: &Scratch, row: &Value) {
    let Some(switch) = row["switch"].as_str() else {
        texts(&row["repair"]).into_iter().for_each(|statement| drop(scratch.sql(statement)));
        return;
    };
    did(scratch, &json!({"ask": "fault_off", "name": switch}));
    if let Some(beside) = BESIDE.iter().find(|beside| beside.switch == switch) {
        beside.heal.iter().for_each(|statement| drop(scratch.sql(statement)));
        beside.after.make(scratch);
    }
}

/// Runs a check until it ends as expected; how it ended last, and what it saw.
fn run(scratch: &Scratch, check: &str, expected: &str) -> Result<String, String> {
    let mut last = String::new();
    for _ in 0..RUNS_MAX {
        let answer = did(scratch, &json!({"ask": "check_one", "check": check}));
        if answer["ended"] == expected {
            return Ok(answer["saw"].as_str().unwrap_or_default().to_owned());
        }
        last = answer.to_string();
        // A verdict is a verdict; only a run that could not be finished is tried again.
        if answer["ended"] != "not_proven" {
            break;
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    Err(last)
}

#[test]
fn every_check_turns_red_under_its_fault_and_green_after() {
    let scratch = Scratch::start(&faulty(), "faults");
    let table = did(&scratch, &json!({"ask": "faults"}));
    let rows = table.as_array().expect("a table of checks");
    assert!(rows.len() >= 22, "{table}");
    let until = Instant::now() + FIRST_PASS_MAX;
    while run(&scratch, "policy-matrix", "pass").is_err() {
        assert!(Instant::now() < until, "the canaries are never ready");
    }
    let mut survived = Vec::new();
    for row in rows {
        let check = row["check"].as_str().expect("a code");
        let before = run(&scratch, check, "pass");
        break_(&scratch, row);
        let red = run(&scratch, check, "fail");
        repair(&scratch, row);
        let green = run(&scratch, check, "pass");
        match (before, red, green) {
            (Ok(_), Ok(saw), Ok(_)) => eprintln!("{check}: red ({saw}), and green again"),
            (before, red, green) => survived.push(format!("{check}: {before:?}, then {red:?}, then {green:?}")),
        }
    }
    eprintln!("mutation score: {} of {} checks", rows.len() - survived.len(), rows.len());
    assert!(survived.is_empty(), "{}", survived.join("\n"));
}

#[test]
fn the_ordinary_binary_has_no_switch_and_no_command_for_one() {
    let scratch = Scratch::start(&faulty(), "names");
    let table = did(&scratch, &json!({"ask": "faults"}));
    let names: Vec<String> =
        table.as_array().into_iter().flatten().filter_map(|row| row["switch"].as_str().map(str::to_owned)).collect();
    assert!(names.len() >= 15 && names.iter().all(|name| !name.is_empty()), "{names:?}");
    let has = |bytes: &[u8], name: &str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    let with = std::fs::read(faulty()).expect("the program with switches");
    let without = std::fs::read(product()).expect("the ordinary program");
    for name in names.iter().map(String::as_str).chain(["fault_on", "fault_off", "check_one"]) {
        assert!(has(&with, name), "the program with switches holds {name}, or looking for it would prove nothing");
        assert!(!has(&without, name), "the ordinary program holds {name}");
    }
    drop(scratch);
    let ordinary = Scratch::start(&product(), "plainly");
    let answer = ordinary.ask(&json!({"ask": "fault_on", "name": "hsts-off"}));
    assert!(answer["refused"].is_string(), "{answer}");
}
