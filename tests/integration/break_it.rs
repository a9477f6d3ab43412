//! The section "Try to break it", walked command by command as it is printed: each break turns its rows red and no
//! other, each repair makes them what they were. The commands are read from the document, so the two cannot drift.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scratch::{Scratch, done, free_address, product};

const SECTION: &str = include_str!("../../docs/try-to-break-it.md");
/// What the document promises, each way.
const MINUTE: Duration = Duration::from_secs(60);
/// Longest until a fresh instance has proven everything it can.
const FIRST_PROOF_MAX: Duration = Duration::from_secs(120);

/// A step of the section.
struct Step {
    title: &'static str,
    break_: &'static str,
    red: BTreeSet<&'static str>,
    repair: &'static str,
}

/// The block of this name in a part of the document.
fn block(part: &'static str, name: &str) -> &'static str {
    let fence = format!("```sh {name}\n");
    assert_eq!(part.matches(&fence).count(), 1, "one block named {name} in: {part}");
    let (_, rest) = part.split_once(&fence).expect("it is there");
    rest.split_once("```").expect("a block ends").0
}

fn steps() -> Vec<Step> {
    let parts = SECTION.split("\n### ").skip(1);
    let is_step = |part: &&str| part.starts_with(|sign: char| sign.is_ascii_digit());
    let step = |part: &'static str| {
        let red = part.lines().find_map(|line| line.strip_prefix("Red: ")).expect("a step says what turns red");
        Step {
            title: part.lines().next().unwrap_or_default(),
            break_: block(part, "break"),
            red: red.split(", ").collect(),
            repair: block(part, "repair"),
        }
    };
    parts.filter(is_step).map(step).collect()
}

/// The visitor's shell: the binary under test on the path, the directory in `SCRATCH`, and ports that are free here.
struct Terminal {
    path: std::ffi::OsString,
    scratch: PathBuf,
    addresses: BTreeMap<&'static str, String>,
}

impl Terminal {
    fn new(binary: &Path) -> Self {
        let folder = binary.parent().expect("a binary lies in a directory").to_owned();
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(folder).chain(std::env::split_paths(&rest));
        let addresses = ["127.0.0.1:8090", "127.0.0.1:8453", "127.0.0.1:8099"];
        Self {
            path: std::env::join_paths(all).expect("a path of directories"),
            scratch: std::env::temp_dir().join(format!("cs-break-{}", std::process::id())),
            addresses: addresses.into_iter().map(|printed| (printed, free_address().to_string())).collect(),
        }
    }

    /// A printed block as a command. Exports are the shell's own; addresses are exchanged for free ones.
    fn command(&self, block: &str) -> Command {
        let mut text: String = block.lines().filter(|line| !line.starts_with("export ")).collect::<Vec<_>>().join("\n");
        for (printed, free) in &self.addresses {
            text = text.replace(printed, free);
        }
        let mut command = Command::new("bash");
        // A single command takes the place of its shell, so that ending it ends the server.
        command.args(["-euo", "pipefail", "-c", &text]).env("PATH", &self.path).env("SCRATCH", &self.scratch);
        command
    }

    fn run(&self, block: &str) -> String {
        done(self.command(block).output().expect("bash starts"), block)
    }
}

/// Claims by their state.
fn claims(status: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    status["claims"].as_array().into_iter().flatten().map(|it| (text(&it["id"]), text(&it["state"]))).collect()
}

fn in_state<'a>(claims: &'a BTreeMap<String, String>, state: &str) -> BTreeSet<&'a str> {
    claims.iter().filter(|(_, held)| *held == state).map(|(id, _)| id.as_str()).collect()
}

/// Waits until exactly the expected rows fail and every other row that was proven is; longer than allowed, and the test
/// ends.
fn wait_for(look: impl Fn() -> Value, red: &BTreeSet<&str>, proven: &BTreeSet<&str>, allowed: Duration, what: &str) {
    let began = Instant::now();
    loop {
        let now = claims(&look());
        let (failing, holding) = (in_state(&now, "failing"), in_state(&now, "proven"));
        let missing: Vec<_> = proven.difference(red).filter(|id| !holding.contains(*id)).collect();
        if failing == *red && missing.is_empty() {
            eprintln!("{what}: as it must be after {:.1} s", began.elapsed().as_secs_f64());
            return;
        }
        assert!(
            began.elapsed() < allowed,
            "{what}: after {allowed:?} failing are {failing:?} instead of {red:?}, and not proven {missing:?}"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn the_section_has_its_six_steps() {
    let steps = steps();
    assert_eq!(steps.len(), 6);
    for step in &steps {
        for id in &step.red {
            assert!(SECTION.contains(id) && !id.is_empty(), "{}", step.title);
        }
    }
    for name in ["start", "terminal", "look"] {
        assert!(!block(SECTION, name).is_empty());
    }
}

#[test]
fn each_break_turns_its_rows_red_and_each_repair_green() {
    let binary = product();
    let terminal = Terminal::new(&binary);
    let plain = terminal.addresses["127.0.0.1:8090"].parse().expect("an address");
    let scratch = Scratch::launch(terminal.command(block(SECTION, "start")), &binary, terminal.scratch.clone(), plain);
    let none = BTreeSet::new();
    let by_itself = || scratch.status();
    let at_once = || {
        let said = scratch.run(&["check", "--json"]).stdout;
        serde_json::from_slice(&said).expect("check prints JSON")
    };
    wait_for(by_itself, &none, &none, FIRST_PROOF_MAX, "the start");
    let every: BTreeSet<&str> = steps().into_iter().flat_map(|step| step.red).filter(|id| *id != "PIQ-04").collect();
    wait_for(by_itself, &none, &every, FIRST_PROOF_MAX, "the first proof");
    let first = claims(&at_once());
    let proven = in_state(&first, "proven");
    assert!(proven.is_superset(&every), "{proven:?}");
    // The sign-in of the canaries is throttled like anybody's, as the section says: a row may be unproven for a moment.
    let began = Instant::now();
    loop {
        let looked = terminal.run(block(SECTION, "look"));
        if looked.starts_with(&format!("{} proven, 0 failing", proven.len())) {
            break;
        }
        assert!(looked.contains(" proven, 0 failing") && began.elapsed() < MINUTE, "{looked}");
        std::thread::sleep(Duration::from_secs(2));
    }

    for (n, step) in steps().into_iter().enumerate() {
        // The first and the fourth wait for the schedule, as a visitor does; the others ask, which is quicker.
        let look: &dyn Fn() -> Value = if matches!(n, 0 | 3) { &by_itself } else { &at_once };
        terminal.run(step.break_);
        wait_for(look, &step.red, &proven, MINUTE, &format!("{}: broken", step.title));
        // Records and states reach the page and the command alike.
        assert_eq!(in_state(&claims(&by_itself()), "failing"), step.red, "{}", step.title);
        terminal.run(step.repair);
        wait_for(look, &none, &proven, MINUTE, &format!("{}: repaired", step.title));
    }
}
